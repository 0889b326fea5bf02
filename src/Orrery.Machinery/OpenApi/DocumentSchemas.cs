using System.Text.Json;

namespace Orrery.Machinery.OpenApi;

/// <summary>The kinds that a document is about: custom ones are written, built-in ones asked for.</summary>
internal static class DocumentSchemas
{
    public static void Write(Utf8JsonWriter writer, SchemaDialect dialect, BuiltinSchemaWriter builtin, IEnumerable<OpenApiResource> resources)
    {
        var custom = new CustomSchemaWriter(writer, dialect, builtin);
        foreach (OpenApiResource resource in resources)
        {
            if (resource.Custom is { } schema)
            {
                string name = TypeNames.Of(resource.GroupVersionKind, custom: true)!;
                custom.WriteKind(name, resource.GroupVersionKind, schema.Source ?? []);
                custom.WriteList(name, TypeNames.Of(resource.GroupVersionKind with { Kind = resource.ListKind }, custom: true)!, resource.GroupVersionKind with { Kind = resource.ListKind });
            }

            if (resource.Verbs.Contains("watch"))
            {
                builtin.Want(TypeNames.WatchEvent);
            }
        }
    }
}
