using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;

namespace Orrery.Server.Tests.Helm;

/// <summary>
/// Speaks to a cluster in the requests of the stock helm client (3.x, and 4.x where that differs): same paths, queries, headers and bodies. It stands in for
/// a program that no package repository at hand has.
/// </summary>
internal sealed class HelmClient(TestServer server, ClusterName cluster, string ns) : IDisposable
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

    private readonly RawHttp http = new(server, cluster);

    private string Secrets => $"/api/v1/namespaces/{ns}/secrets";

    /// <summary>Whether the cluster is there, its version, and what it serves, as a client learns it before anything else.</summary>
    /// <returns>Group versions with the kinds in them, as <c>apps/v1/Deployment</c>.</returns>
    public async Task<IReadOnlyList<string>> DiscoverAsync()
    {
        Assert.StartsWith("v1.", (await JsonAsync(HttpMethod.Get, "/version", HttpStatusCode.OK)).TextAt("gitVersion"), StringComparison.Ordinal);
        var all = new List<string>();
        foreach (string root in (string[])["/api", "/apis"])
        {
            using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, root + "?timeout=32s", null, null, ("Accept", Aggregated));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("as=APIGroupDiscoveryList", answer.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
            foreach (JsonNode? served in (JsonArray)(await RawHttp.JsonAsync(answer))["items"]!)
            {
                string name = served!["metadata"]?["name"]?.GetValue<string>() ?? "";
                all.AddRange(from version in (JsonArray)served["versions"]!
                             from resource in (JsonArray)version["resources"]!
                             select $"{(name.Length > 0 ? name + "/" : "")}{version["version"]}/{resource["responseKind"]!["kind"]}");
            }
        }

        return all;
    }

    /// <summary>Whether the server validates fields of a kind itself: kubectl's library looks for the query parameter in the kind's OpenAPI document.</summary>
    public async Task<bool> ValidatesFieldsAsync(string groupVersion, string path)
    {
        JsonObject index = await JsonAsync(HttpMethod.Get, "/openapi/v3?timeout=32s", HttpStatusCode.OK);
        string address = index["paths"]![groupVersion]!["serverRelativeURL"]!.GetValue<string>();
        string own = cluster.PathPrefix.TrimEnd('/');
        JsonObject document = await JsonAsync(HttpMethod.Get, address.StartsWith(own, StringComparison.Ordinal) ? address[own.Length..] : address, HttpStatusCode.OK);
        return ((JsonArray)document["paths"]![path]!["post"]!["parameters"]!).Any(p => p!["name"]!.GetValue<string>() == "fieldValidation");
    }

    /// <summary>A release as helm keeps it: gzip, then base64, in a Secret whose labels say what it is.</summary>
    public JsonObject Record(string release, int version, string status, string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        string stored = Convert.ToBase64String(packed.ToArray());
        return new JsonObject
        {
            ["kind"] = "Secret",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"sh.helm.release.v1.{release}.v{version}",
                ["creationTimestamp"] = null,
                ["labels"] = new JsonObject { ["createdAt"] = "1767225600", ["name"] = release, ["owner"] = "helm", ["status"] = status, ["version"] = $"{version}" },
            },
            ["data"] = new JsonObject { ["release"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(stored)) },
            ["type"] = "helm.sh/release.v1",
        };
    }

    /// <summary>What a record says.</summary>
    public static string TextOf(JsonNode record)
    {
        string stored = Encoding.UTF8.GetString(Convert.FromBase64String(record["data"]!["release"]!.GetValue<string>()));
        using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(stored)), CompressionMode.Decompress);
        using var reader = new StreamReader(gzip, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    public Task<JsonObject> KeepAsync(JsonObject record) => JsonAsync(HttpMethod.Post, Secrets, HttpStatusCode.Created, record.ToJsonString());

    /// <summary>helm replaces a record without a resourceVersion.</summary>
    public Task<JsonObject> RekeepAsync(JsonObject record) => JsonAsync(HttpMethod.Put, $"{Secrets}/{record.Name}", HttpStatusCode.OK, record.ToJsonString());

    /// <returns>Names of records, sorted.</returns>
    public async Task<string[]> RecordsAsync(string selector) =>
        [.. ((JsonArray)(await JsonAsync(HttpMethod.Get, $"{Secrets}?labelSelector={Uri.EscapeDataString(selector)}", HttpStatusCode.OK))["items"]!).Select(i => i!["metadata"]!["name"]!.GetValue<string>()).Order(StringComparer.Ordinal)];

    public async Task ForgetAsync(string record)
    {
        Assert.Equal("helm.sh/release.v1", (await JsonAsync(HttpMethod.Get, $"{Secrets}/{record}", HttpStatusCode.OK)).TextAt("type"));
        await JsonAsync(HttpMethod.Delete, $"{Secrets}/{record}", HttpStatusCode.OK, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\"}");
    }

    /// <summary>An object of a release that must not be there yet.</summary>
    public async Task<JsonObject> CreateAsync(string collection, string body, string validation = "")
    {
        string name = JsonNode.Parse(body)!.AsObject().Name;
        await JsonAsync(HttpMethod.Get, $"{collection}/{name}", HttpStatusCode.NotFound);
        return await JsonAsync(HttpMethod.Post, $"{collection}?fieldManager=helm{validation}", HttpStatusCode.Created, body);
    }

    /// <param name="contentType">application/strategic-merge-patch+json for kinds that the client knows, application/merge-patch+json for others, application/apply-patch+yaml from helm 4 on.</param>
    public async Task<JsonObject> PatchAsync(string path, string patch, string contentType, string query = "fieldManager=helm")
    {
        await JsonAsync(HttpMethod.Get, path, HttpStatusCode.OK);
        return await JsonAsync(HttpMethod.Patch, $"{path}?{query}", HttpStatusCode.OK, patch, contentType);
    }

    public Task<JsonObject> DeleteAsync(string path) =>
        JsonAsync(HttpMethod.Delete, path, HttpStatusCode.OK, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":\"Background\"}");

    /// <summary>Waits for a hook as helm does: a list of that one name, and a watch from there.</summary>
    /// <param name="act">What happens once the watch stands.</param>
    public async Task<JsonObject> WatchUntilAsync(string collection, string name, Func<JsonObject, bool> isDone, Func<Task> act)
    {
        string selector = "fieldSelector=" + Uri.EscapeDataString("metadata.name=" + name);
        JsonObject list = await JsonAsync(HttpMethod.Get, $"{collection}?{selector}", HttpStatusCode.OK);
        Assert.Single((JsonArray)list["items"]!);
        using HttpResponseMessage watch = await http.OpenAsync($"{collection}?allowWatchBookmarks=true&{selector}&resourceVersion={list.TextAt("metadata", "resourceVersion")}&timeoutSeconds=300&watch=true");
        Assert.Equal(HttpStatusCode.OK, watch.StatusCode);
        await act();
        using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync(ServerFixture.Token));
        while (await lines.ReadLineAsync(ServerFixture.Token) is { } line)
        {
            JsonNode change = JsonNode.Parse(line)!;
            if (change["type"]!.GetValue<string>() == "MODIFIED" && change["object"]!.AsObject() is var found && isDone(found))
            {
                return found;
            }
        }

        throw new InvalidOperationException($"the watch of {name} ended");
    }

    public async Task<JsonObject> JsonAsync(HttpMethod method, string path, HttpStatusCode wanted, string? body = null, string contentType = "application/json")
    {
        using HttpResponseMessage answer = await http.SendAsync(method, path, body, contentType, ("Accept", "application/json"));
        JsonObject json = await RawHttp.JsonAsync(answer);
        Assert.True(answer.StatusCode == wanted, $"{method} {path}: {(int)answer.StatusCode} {json.TextAt("message")}");
        return json;
    }

    public void Dispose() => http.Dispose();
}
