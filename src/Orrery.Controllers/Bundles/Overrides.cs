using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Schemas;

namespace Orrery.Controllers.Bundles;

/// <summary>Changes rendered objects as <c>spec.overrides</c> of an Installation says: images, then replicas, then patches. Pure.</summary>
internal static class Overrides
{
    /// <param name="objects">Changed in place; a patch may put another object into the list.</param>
    /// <param name="overrides">Null changes nothing.</param>
    /// <exception cref="BundleException">One meets no object, or cannot be applied to one that it meets.</exception>
    public static void Apply(IList<JsonObject> objects, JsonObject? overrides)
    {
        Each(overrides, "images", (image, path) => Images(objects, image, path));
        Each(overrides, "replicas", (count, path) => Replicas(objects, count, path));
        Each(overrides, "patches", (patch, path) => Patch(objects, patch, path));
    }

    private static void Each(JsonObject? overrides, string list, Action<JsonObject, string> apply)
    {
        int i = 0;
        foreach (JsonObject item in (overrides?[list] as JsonArray ?? []).OfType<JsonObject>())
        {
            apply(item, $"spec.overrides.{list}[{i++}]");
        }
    }

    private static void Images(IEnumerable<JsonObject> objects, JsonObject image, string path)
    {
        string name = image.TextAt("name") ?? "";
        bool found = false;
        foreach (JsonObject container in objects.SelectMany(o => Containers(o["spec"])))
        {
            if (container.TextAt("image") is { } present && ImageName.Parse(present) is { } parsed && parsed.Name == name)
            {
                container["image"] = parsed.With(image.TextAt("newName"), image.TextAt("newTag"), image.TextAt("digest")).ToString();
                found = true;
            }
        }

        Require(found, $"{path}: no container of the release has the image {name}");
    }

    /// <summary>Containers of every kind in whatever holds a pod's spec, as kustomize finds them.</summary>
    private static IEnumerable<JsonObject> Containers(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => m.Key is "containers" or "initContainers" or "ephemeralContainers" && m.Value is JsonArray list
            ? list.OfType<JsonObject>()
            : Containers(m.Value)),
        JsonArray items => items.SelectMany(Containers),
        _ => [],
    };

    private static void Replicas(IEnumerable<JsonObject> objects, JsonObject wanted, string path)
    {
        string? kind = wanted.TextAt("kind");
        string name = wanted.TextAt("name") ?? "";
        bool found = false;
        foreach (JsonObject scaled in objects.Where(o => o.Name == name && (kind is null ? HasReplicas(o) : o.Kind == kind)))
        {
            scaled.ObjectAt("spec")["replicas"] = wanted.NumberAt("count");
            found = true;
        }

        Require(found, $"{path}: the release holds no {kind ?? "object with replicas"} named {name}");
    }

    public static bool HasReplicas(JsonObject found) => PlaceableKinds.Find(found.GroupVersionKind.GroupKind) is { HasReplicas: true };

    private static void Patch(IList<JsonObject> objects, JsonObject patch, string path)
    {
        (string kind, string name) = (patch.TextAt("kind") ?? "", patch.TextAt("name") ?? "");
        bool found = false;
        for (int i = 0; i < objects.Count; i++)
        {
            if (objects[i].Kind == kind && objects[i].Name == name)
            {
                objects[i] = Patched(objects[i], patch, path);
                found = true;
            }
        }

        Require(found, $"{path}: the release holds no {kind} named {name}");
    }

    private static JsonObject Patched(JsonObject target, JsonObject patch, string path)
    {
        try
        {
            var copy = (JsonObject)target.DeepClone();
            JsonNode? outcome = patch["json"] is JsonArray json ? JsonPatch.Apply(copy, JsonPatch.Decode(json.DeepClone()))
                : patch["merge"] is JsonObject merge ? MergePatch.Apply(copy, (JsonObject)merge.DeepClone())
                : StrategicMergePatch.Apply(copy, (JsonObject)patch["strategic"]!.DeepClone(), Schema(target, path));
            return outcome is JsonObject made && made.GroupVersionKind == target.GroupVersionKind && made.Name == target.Name && made.Namespace == target.Namespace
                ? made
                : throw new BundleException("InvalidOverride", $"{path}: what comes out is no longer {target.Kind} {target.Name}");
        }
        catch (StatusException e)
        {
            throw new BundleException("InvalidOverride", $"{path}: {target.Kind} {target.Name}: {e.Message}", e);
        }
    }

    private static Schema Schema(JsonObject target, string path) => BuiltinTypes.Instance.Find(target.GroupVersionKind)
        ?? throw new BundleException("InvalidOverride", $"{path}: {target.Kind} is no kind of Kubernetes itself, so that only merge and json patches fit it");

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new BundleException("InvalidOverride", message);
        }
    }
}
