using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Admission;

/// <summary>Short ways to write objects and to read what is answered, for tests of admission.</summary>
internal static class AdmissionWorld
{
    public static readonly GroupVersionResource Quotas = new("", "v1", "resourcequotas");
    public static readonly GroupVersionResource LimitRanges = new("", "v1", "limitranges");
    public static readonly GroupVersionResource Claims = new("", "v1", "persistentvolumeclaims");
    public static readonly GroupVersionResource PriorityClasses = new("scheduling.k8s.io", "v1", "priorityclasses");

    public static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    public static JsonObject Quota(string name, string hard, string more = "") =>
        Json($$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{"hard":{{{{{hard}}}}} {{{{{more}}}}} }}""");

    /// <param name="resources">JSON of the container's resources.</param>
    /// <param name="spec">Further members of the spec, each with a comma before it.</param>
    public static JsonObject Pod(string name, string resources = "{}", string spec = "") =>
        Json($$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{"containers":[{"name":"c","image":"i:1","resources":{{{{{resources}}}}} }] {{{{{spec}}}}} }}""");

    public static async Task<StatusException> RefusalAsync(Func<Task> write) => await Assert.ThrowsAsync<StatusException>(write);

    /// <summary>Polls until something holds of an object.</summary>
    public static async Task<KubeObject> EventuallyAsync(KubeClient client, GroupVersionResource resource, string ns, string name, Func<KubeObject, bool> holds)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ServerFixture.Token);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        KubeObject? last = null;
        try
        {
            await foreach (WatchEvent change in client.WatchAsync(resource, ns, new WatchQuery { FieldSelector = $"metadata.name={name}" }, deadline.Token))
            {
                if (change.Object is { } item && holds(last = item))
                {
                    return item;
                }
            }
        }
        catch (OperationCanceledException) when (!ServerFixture.Token.IsCancellationRequested)
        {
            Assert.Fail($"within 60 s {resource.Resource} {ns}/{name} did not become as expected; it is {last?.Json.GetRawText()}");
        }

        throw new InvalidOperationException("the watch ended");
    }

    /// <summary>Sends JSON and answers the whole response, headers included.</summary>
    public static async Task<(int Code, JsonObject Body, string[] Warnings)> SendAsync(TestServer server, HttpMethod method, string path, JsonObject? body, ClusterName cluster = default, string contentType = "application/json")
    {
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var http = new HttpClient(handler);
        ClusterName to = cluster.Namespace is null ? ClusterName.Root : cluster;
        using var request = new HttpRequestMessage(method, new Uri(server.Url, to.PathPrefix + path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", server.AdminToken(to));
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }

        using HttpResponseMessage answer = await http.SendAsync(request, ServerFixture.Token);
        string[] warnings = answer.Headers.TryGetValues("Warning", out IEnumerable<string>? said) ? [.. said.Select(w => w["299 - \"".Length..^1].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal))] : [];
        return ((int)answer.StatusCode, Json(await answer.Content.ReadAsStringAsync(ServerFixture.Token)), warnings);
    }
}
