using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Installations;

/// <summary>Writes Works, and has the cache know at once what was written.</summary>
internal sealed class WorkWriter(KubeClient root, WorkDirectory works)
{
    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 8 };

    /// <summary>Names as they are to be in one look at one data plane.</summary>
    public WorkNames Names(KubeObject installation, string dataPlaneNamespace) => new(works, installation, dataPlaneNamespace);

    public async Task CreateAsync(string dataPlaneNamespace, JsonObject work, CancellationToken cancellationToken) =>
        works.Informer.Observe(await root.CreateAsync(OrreryResources.Works, dataPlaneNamespace, work, cancellationToken).ConfigureAwait(false));

    public async Task PatchAsync(KubeObject work, PatchKind kind, JsonNode patch, CancellationToken cancellationToken) =>
        works.Informer.Observe(await root.PatchAsync(OrreryResources.Works, work.Namespace, work.Name, kind, patch, cancellationToken).ConfigureAwait(false));

    public async Task DeleteAsync(KubeObject work, CancellationToken cancellationToken)
    {
        try
        {
            await root.DeleteAsync(OrreryResources.Works, work.Namespace, work.Name, new DeleteQuery { Uid = work.Uid }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }

    public static Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> act, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        items,
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce.MaxDegreeOfParallelism, CancellationToken = cancellationToken },
        async (item, token) => await act(item, token).ConfigureAwait(false));
}
