using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>From a body to a defaulted object of the resource's own kind.</summary>
internal static class ObjectDecoder
{
    /// <summary>JSON or YAML, by the Content-Type.</summary>
    /// <param name="what">Named in the fault: the kind wanted.</param>
    /// <exception cref="StatusException">400: neither.</exception>
    public static JsonNode? Parse(ReadOnlyMemory<byte> body, bool yaml, string what)
    {
        try
        {
            return yaml ? YamlJson.Parse(Encoding.UTF8.GetString(body.Span)) : JsonTree.Parse(body.Span);
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException)
        {
            throw ApiErrors.BadRequest($"the object provided is unrecognized (must be of type {what}): couldn't get version/kind; json parse error: {fault.Message} ({Head(body.Span)})");
        }
    }

    /// <summary>An object of the resource's kind, typed, pruned and defaulted.</summary>
    /// <param name="body">As it came; empty when <paramref name="json"/> was computed.</param>
    /// <returns>Warnings for the client.</returns>
    /// <exception cref="StatusException">400: another kind, a wrong type, or (strict) an unknown or repeated member.</exception>
    public static IReadOnlyList<string> Decode(ResourceDefinition resource, JsonObject json, ReadOnlySpan<byte> body, FieldValidation validation)
    {
        RequireKind(resource, json);
        IReadOnlyList<string> faults = resource.Strategy.Decode(json, body);
        if (faults.Count > 0 && validation == FieldValidation.Strict)
        {
            throw ApiErrors.BadRequest($"{Handled(resource)}: strict decoding error: {string.Join(", ", faults)}");
        }

        resource.Strategy.Default(json);
        return validation == FieldValidation.Ignore ? [] : faults;
    }

    /// <summary>Says what could not be made of a body, as upstream's <c>transformDecodeError</c> begins it.</summary>
    public static string Handled(ResourceDefinition resource) =>
        $"{resource.Kind.Kind} in version \"{resource.Resource.Version}\" cannot be handled as a {resource.Kind.Kind}";

    private static void RequireKind(ResourceDefinition resource, JsonObject json)
    {
        string apiVersion = json.ApiVersion;
        string kind = json.Kind;
        if (apiVersion.Length == 0)
        {
            json["apiVersion"] = apiVersion = resource.Kind.ApiVersion;
        }

        if (kind.Length == 0)
        {
            json["kind"] = kind = resource.Kind.Kind;
        }

        if (apiVersion == resource.Kind.ApiVersion && kind == resource.Kind.Kind)
        {
            return;
        }

        var sent = GroupVersionKind.From(apiVersion, kind);
        string handled = $"{kind} in version \"{sent.Version}\" cannot be handled as a {resource.Kind.Kind}";
        throw ApiErrors.BadRequest(resource.IsCustom || apiVersion == resource.Kind.ApiVersion
            ? $"{handled}: converting (v1.{kind}) to (core.{resource.Kind.Kind}): unknown conversion"
            : $"{handled}: no kind \"{kind}\" is registered for version \"{apiVersion}\" in scheme \"pkg/runtime/scheme.go:111\"");
    }

    /// <summary>The first bytes of a body, for a message.</summary>
    private static string Head(ReadOnlySpan<byte> body) =>
        body.Length == 0 ? "<empty>" : Encoding.UTF8.GetString(body[..Math.Min(body.Length, 30)]) + (body.Length > 30 ? " ..." : "");
}
