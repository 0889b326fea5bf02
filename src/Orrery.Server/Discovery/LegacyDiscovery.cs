using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Discovery;

/// <summary>The discovery documents from before aggregation: metav1 APIVersions, APIGroupList, APIGroup, APIResourceList.</summary>
internal static class LegacyDiscovery
{
    /// <summary>A hash in base64 keeps its plus signs.</summary>
    private static readonly JsonSerializerOptions EncodeOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Versions(ApiSurface surface, string serverAddress) => Encode(new JsonObject
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray([.. (surface.Find("")?.Versions ?? []).Select(v => (JsonNode)v.Version)]),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = serverAddress }),
    });

    public static byte[] Groups(ApiSurface surface) => Encode(new JsonObject
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. surface.Groups.Where(g => g.Name.Length > 0).Select(g => (JsonNode)Describe(g, []))]),
    });

    public static byte[] Group(ApiGroupSurface group) =>
        Encode(Describe(group, new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" }));

    public static byte[] Resources(ApiGroupSurface group, ApiVersionSurface version)
    {
        var own = new GroupVersionKind(group.Name, version.Version, "");
        var entries = new List<(string Name, JsonObject Json)>();
        foreach (ApiResourceSurface resource in version.Resources.OrderBy(r => r.Name, StringComparer.Ordinal))
        {
            entries.Add((resource.Name, Describe(resource)));
            entries.AddRange(resource.Subresources.Select(sub => ($"{resource.Name}/{sub.Name}", Describe(resource, sub, own))));
        }

        var json = new JsonObject { ["kind"] = "APIResourceList" };
        if (group.Name.Length > 0)
        {
            json["apiVersion"] = "v1";
        }

        json["groupVersion"] = own.ApiVersion;
        json["resources"] = new JsonArray([.. entries.Select(e => (JsonNode)e.Json)]);
        return Encode(json);
    }

    private static JsonObject Describe(ApiGroupSurface group, JsonObject json)
    {
        JsonObject Version(ApiVersionSurface v) => new() { ["groupVersion"] = new GroupVersionKind(group.Name, v.Version, "").ApiVersion, ["version"] = v.Version };
        json["name"] = group.Name;
        json["versions"] = new JsonArray([.. group.Versions.Select(v => (JsonNode)Version(v))]);
        json["preferredVersion"] = Version(group.Versions[0]);
        return json;
    }

    private static JsonObject Describe(ApiResourceSurface resource)
    {
        var json = new JsonObject
        {
            ["name"] = resource.Name,
            ["singularName"] = resource.Singular,
            ["namespaced"] = resource.Namespaced,
            ["kind"] = resource.Kind,
            ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
        {
            json["shortNames"] = Texts(resource.ShortNames);
        }

        if (resource.Categories.Count > 0)
        {
            json["categories"] = Texts(resource.Categories);
        }

        if (resource.StoredKind is { } stored)
        {
            // apiserver pkg/endpoints/discovery/storageversionhash.go
            json["storageVersionHash"] = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{stored.Group}/{stored.Version}/{stored.Kind}")).AsSpan(0, 8));
        }

        return json;
    }

    private static JsonObject Describe(ApiResourceSurface resource, ApiSubresourceSurface sub, GroupVersionKind own)
    {
        var json = new JsonObject { ["name"] = $"{resource.Name}/{sub.Name}", ["singularName"] = "", ["namespaced"] = resource.Namespaced };
        if (sub.Kind.Version.Length > 0 && (sub.Kind.Group, sub.Kind.Version) != (own.Group, own.Version))
        {
            json["group"] = sub.Kind.Group;
            json["version"] = sub.Kind.Version;
        }

        json["kind"] = sub.Kind.Kind;
        json["verbs"] = Texts(sub.Verbs);
        return json;
    }

    private static JsonArray Texts(IReadOnlyList<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    private static byte[] Encode(JsonObject json) => JsonSerializer.SerializeToUtf8Bytes(json, EncodeOptions);
}
