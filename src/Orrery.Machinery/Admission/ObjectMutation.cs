using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Admission;

/// <summary>What a mutation's value does to an object (apiserver <c>pkg/admission/plugin/policy/mutating/patch</c>).</summary>
internal static class ObjectMutation
{
    private static readonly string[] Members = ["op", "path", "from", "value"];

    /// <summary>Merges an <c>Object{…}</c> into a copy as server-side apply would, without owning anything.</summary>
    /// <exception cref="MutationException">It is no such value, does not fit the type, or would replace a list or struct as a whole.</exception>
    public static JsonObject Merge(JsonObject current, object? value, Schema schema)
    {
        if (value is not CelMessage { Type.Name: "Object" } message)
        {
            throw new MutationException($"unsupported return type from ApplyConfiguration expression: {CelValues.TypeOf(value).Name}");
        }

        RequireTypes(message);
        if (!CelValues.TryToJson(message, out JsonNode? json) || json is not JsonObject applied)
        {
            throw new MutationException("error converting ApplyConfiguration to an object: a value has no form in JSON");
        }

        // 1. of the same kind
        applied["apiVersion"] = current.ApiVersion;
        applied["kind"] = current.Kind;
        Schema whole = RootSchemas.Complete(schema);
        if (TypedCheck.FaultsOf(applied, whole) is { } faults)
        {
            throw new MutationException($"error applying patch: failed to convert patch object to typed object: {faults}");
        }

        // 2. nothing that would take away what it does not name
        var atomics = new List<string>();
        FindAtomics(applied, whole, "", atomics);
        if (atomics.Count > 0)
        {
            throw new MutationException($"error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {string.Join(", ", atomics)}");
        }

        var made = (JsonObject)current.DeepClone();
        Merging.Into(made, applied, whole);
        return made;
    }

    /// <summary>Carries a list of <c>JSONPatch{…}</c> out on a copy. A test that does not hold leaves everything as it was.</summary>
    /// <exception cref="MutationException">It is no such list, or cannot be carried out.</exception>
    public static JsonObject Patch(JsonObject current, object? value)
    {
        if (value is not CelList list)
        {
            throw new MutationException($"type mismatch: JSONPatchType.expression should evaluate to array, got {CelValues.TypeOf(value).Name}");
        }

        var operations = new JsonArray();
        foreach (object? item in list.Items)
        {
            operations.Add((JsonNode)Operation(item));
        }

        try
        {
            return JsonPatch.Apply(current.DeepClone(), operations) as JsonObject ?? throw new MutationException("JSON Patch: the patch leaves no object");
        }
        catch (StatusException refusal) when (refusal.InnerException is FailedTestException)
        {
            return current;
        }
        catch (StatusException refusal)
        {
            throw new MutationException($"JSON Patch: {refusal.InnerException?.Message ?? refusal.Status.Message}");
        }
    }

    private static JsonObject Operation(object? item)
    {
        if (item is not CelMessage { Type.Name: "JSONPatch" } message)
        {
            throw new MutationException($"type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch objects, got {CelValues.TypeOf(item).Name}");
        }

        var operation = new JsonObject();
        foreach (string member in Members)
        {
            if (message.TryGet(member, out object? said))
            {
                if (said is CelMessage made)
                {
                    RequireTypes(made);
                }

                operation[member] = CelValues.TryToJson(said, out JsonNode? json) ? json : throw new MutationException($"JSONPatch {member} has no form in JSON");
            }
        }

        return operation;
    }

    /// <summary>An object's type is named by the path that leads to it, also within lists and maps.</summary>
    private static void RequireTypes(CelMessage message)
    {
        string[] faults = [.. TypeFaults(message, message.Type.Name)];
        if (faults.Length > 0)
        {
            throw new MutationException("type mismatch: " + string.Join('\n', faults));
        }
    }

    private static IEnumerable<string> TypeFaults(object? value, string path)
    {
        if (value is CelMessage { Type.Name: var name } && name != path)
        {
            yield return $"unexpected type name \"{name}\", expected \"{path}\", which matches field name path from root Object type";
        }

        IEnumerable<(object? Value, string Path)> parts = value switch
        {
            CelMap map => map.Keys.Select(k => (map.TryGet(k, out object? part) ? part : null, value is CelMessage ? $"{path}.{k}" : path)),
            CelList list => list.Items.Select(item => (item, path)),
            _ => [],
        };
        foreach (string fault in parts.SelectMany(p => TypeFaults(p.Value, p.Path)))
        {
            yield return fault;
        }
    }

    private static void FindAtomics(JsonNode? value, Schema? schema, string path, List<string> found)
    {
        if (schema is null || Shapes.IsDeduced(schema))
        {
            return;
        }

        bool isWhole = Shapes.Of(schema, value) == Shape.Leaf;
        switch (value)
        {
            case JsonObject json:
                if (isWhole)
                {
                    found.Add(path);
                }

                foreach ((string name, JsonNode? member) in json)
                {
                    FindAtomics(member, Shapes.Member(schema, name), $"{path}.{name}", found);
                }

                break;
            case JsonArray array:
                if (isWhole)
                {
                    found.Add(path);
                }

                for (int i = 0; i < array.Count; i++)
                {
                    FindAtomics(array[i], schema.Items, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), found);
                }

                break;
        }
    }
}
