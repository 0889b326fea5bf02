using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Discovery;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>
/// <c>/</c>: the paths that a cluster serves, down to its group versions and health checks, as upstream's <c>RootPaths</c>: indented JSON, whatever is accepted and by whichever method. Who
/// may is asked before, as of any path; no default role but the administrators' lets anybody. Upstream: apiserver <c>pkg/server/routes/index.go</c>.
/// </summary>
internal static class PathIndex
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <returns>False, and nothing written, when the path is another.</returns>
    public static async ValueTask<bool> TryServeAsync(ServerState server, HttpContext http, RequestInfo info, CancellationToken cancellationToken)
    {
        if (info.Path is not ("/" or "/index.html") || info.Cluster.IsAll)
        {
            return false;
        }

        ApiSurface shown = await server.Groups.ExtendAsync(server.Resources.For(info.Cluster), info.Cluster, cancellationToken);
        IEnumerable<string> paths =
        [
            "/api", "/apis", "/metrics", "/openapi/v2", "/openapi/v3", "/version",
            .. shown.Groups.SelectMany(Paths),
            .. server.Health.Paths,
            .. server.Issuer.PathsOf(info.Cluster),
        ];
        JsonArray sorted = [.. paths.Order(StringComparer.Ordinal).Select(p => (JsonNode)p)];
        await ObjectResponse.WriteBytesAsync(http, 200, "application/json", JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["paths"] = sorted }, Indented), cancellationToken);
        return true;
    }

    private static IEnumerable<string> Paths(ApiGroupSurface group) => group.Name.Length == 0
        ? group.Versions.Select(v => $"/api/{v.Version}")
        : group.Versions.Select(v => $"/apis/{group.Name}/{v.Version}").Prepend($"/apis/{group.Name}");
}
