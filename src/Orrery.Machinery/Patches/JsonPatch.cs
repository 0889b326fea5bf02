using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Patches;

/// <summary>RFC 6902 JSON Patch, with the limits that the Kubernetes API server sets.</summary>
public static class JsonPatch
{
    /// <summary>Most operations that one patch may hold.</summary>
    public const int MaxOperations = 10_000;

    /// <summary>Most bytes that all copy operations of a patch may add, so that doubling copies cannot exhaust memory.</summary>
    public const int MaxCopiedBytes = 3 * 1024 * 1024;

    private static readonly string[] Members = ["op", "path", "from"];

    /// <summary>Reads a request body as a list of operations.</summary>
    /// <exception cref="StatusException">400 when it is no list of operations, 413 when it holds more than <see cref="MaxOperations"/>.</exception>
    public static JsonArray Decode(JsonNode? body)
    {
        if (body is null)
        {
            // Go reads null into any list, as none.
            return [];
        }

        if (body is not JsonArray patch)
        {
            throw PatchErrors.Undecodable($"json: cannot unmarshal {GoText.JsonTypeOf(body)} into Go value of type []handlers.jsonPatchOp");
        }

        if (patch.Count > MaxOperations)
        {
            throw ApiErrors.RequestEntityTooLarge($"Request entity too large: The allowed maximum operations in a JSON patch is {MaxOperations}, got {patch.Count}");
        }

        foreach (JsonNode? operation in patch)
        {
            if (operation is not (null or JsonObject))
            {
                throw PatchErrors.Undecodable($"json: cannot unmarshal {GoText.JsonTypeOf(operation)} into Go value of type handlers.jsonPatchOp");
            }

            if (Members.FirstOrDefault(member => operation?[member] is { } value && value.GetValueKind() != JsonValueKind.String) is { } wrong)
            {
                throw PatchErrors.Undecodable($"json: cannot unmarshal {GoText.JsonTypeOf(operation![wrong])} into Go struct field jsonPatchOp.{wrong} of type string");
            }
        }

        return patch;
    }

    /// <summary>
    /// Carries the operations out in order and returns the new document. <paramref name="document"/> is changed in
    /// place and must not be used again when this throws.
    /// </summary>
    /// <exception cref="StatusException">422 when an operation is unknown or cannot be carried out, or a test fails.</exception>
    public static JsonNode? Apply(JsonNode? document, JsonArray patch)
    {
        var root = new DocumentRoot(document);
        int copied = 0;
        foreach (JsonNode? item in patch)
        {
            if (item is not JsonObject operation)
            {
                throw PatchErrors.Rejected("An operation is no object.");
            }

            JsonPointer path = Pointer(operation, "path");
            switch (Text(operation, "op"))
            {
                case "add":
                    root.Add(path, Value(operation));
                    break;
                case "remove":
                    root.Remove(path);
                    break;
                case "replace":
                    root.Replace(path, Value(operation));
                    break;
                case "move":
                    Move(root, Pointer(operation, "from"), path);
                    break;
                case "copy":
                    JsonNode? source = root.Get(Pointer(operation, "from"))?.DeepClone();
                    copied += source is null ? 4 : KubeJson.ToUtf8(source).Length;
                    if (copied > MaxCopiedBytes)
                    {
                        throw PatchErrors.Rejected($"Copy operations add more than {MaxCopiedBytes} bytes.");
                    }

                    root.Add(path, source);
                    break;
                case "test":
                    if (!JsonNode.DeepEquals(root.Find(path), Value(operation)))
                    {
                        throw PatchErrors.Rejected(new FailedTestException($"Testing value {path} failed."));
                    }

                    break;
                case { } other:
                    throw PatchErrors.Rejected($"Unknown operation '{other}'.");
            }
        }

        // Moves nest what was there in what was there: deeper than any body could be, and than anything that walks the outcome could go.
        return KubeJson.IsWithinDepth(root.Document) ? root.Document : throw PatchErrors.Rejected("The outcome is nested too deep.");
    }

    /// <summary>What strict field validation has against the operations: members that no operation has.</summary>
    public static IEnumerable<string> UnknownMembers(JsonArray patch)
    {
        for (int i = 0; i < patch.Count; i++)
        {
            foreach ((string name, _) in patch[i] as JsonObject ?? [])
            {
                if (name is not ("op" or "path" or "from" or "value"))
                {
                    yield return string.Create(CultureInfo.InvariantCulture, $"unknown field \"[{i}].{name}\"");
                }
            }
        }
    }

    private static void Move(DocumentRoot root, JsonPointer from, JsonPointer path)
    {
        if (from.IsParentOf(path))
        {
            throw PatchErrors.Rejected($"{from} cannot be moved into itself.");
        }

        root.Add(path, root.Remove(from));
    }

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out JsonNode? value) ? value?.DeepClone() : throw PatchErrors.Rejected("The operation holds no value.");

    private static JsonPointer Pointer(JsonObject operation, string member) => JsonPointer.Parse(Text(operation, member));

    private static string Text(JsonObject operation, string member) =>
        operation.TextAt(member) ?? throw PatchErrors.Rejected($"The operation holds no string '{member}'.");
}
