using System.Text.Json;
using Orrery.Api;

namespace Orrery.Controllers.Installations;

/// <summary>What a data plane serves, by its discovery.</summary>
/// <param name="Versions">Group versions, and kinds in them, as Helm lists them.</param>
/// <param name="Kinds">By apiVersion and kind: the resource, and whether it is in namespaces.</param>
internal sealed record ServedApis(IReadOnlyList<string> Versions, IReadOnlyDictionary<(string ApiVersion, string Kind), (string Resource, bool IsNamespaced)> Kinds)
{
    /// <param name="get">Asks the data plane for a path.</param>
    /// <exception cref="StatusException">The list of groups cannot be had.</exception>
    public static async Task<ServedApis> ReadAsync(Func<string, Task<JsonElement>> get)
    {
        JsonElement groups = await get("/apis").ConfigureAwait(false);
        string[] versions = ["v1", .. groups.GetProperty("groups").EnumerateArray().SelectMany(g => g.GetProperty("versions").EnumerateArray()).Select(v => v.GetProperty("groupVersion").GetString()!)];
        var all = new List<string>(versions);
        var kinds = new Dictionary<(string, string), (string, bool)>();
        foreach (string version in versions)
        {
            JsonElement list;
            try
            {
                list = await get((version.Contains('/', StringComparison.Ordinal) ? "/apis/" : "/api/") + version).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.Code is 404 or 503)
            {
                // One that went meanwhile, or that is served by something that is down: the others are no less there.
                continue;
            }

            foreach (JsonElement resource in list.GetProperty("resources").EnumerateArray())
            {
                (string kind, string name) = (resource.GetProperty("kind").GetString()!, resource.GetProperty("name").GetString()!);
                if (!name.Contains('/', StringComparison.Ordinal))
                {
                    kinds.TryAdd((version, kind), (name, resource.GetProperty("namespaced").GetBoolean()));
                }

                all.Add($"{version}/{kind}");
            }
        }

        return new ServedApis([.. all.Distinct(StringComparer.Ordinal)], kinds);
    }
}
