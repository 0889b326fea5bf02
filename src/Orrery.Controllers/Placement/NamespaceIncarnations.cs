using System.Collections.Concurrent;
using System.Globalization;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Placement;

/// <summary>
/// Tells which making of its namespace an object is in. Each is watched apart, so that an object may be seen while its namespace is still known
/// as the one that had the name before: where the watch of namespaces is not known to be as new as the object, the server is asked. That takes one request for an object
/// that is placed for the first time, or one for all of a namespace that came together, and none after it.
/// </summary>
internal sealed class NamespaceIncarnations
{
    private readonly KubeClient root;
    private readonly Informer namespaces;

    /// <summary>What was said of namespaces that the watch may not have told of yet.</summary>
    private readonly ConcurrentDictionary<ObjectKey, Answer> answers = new();

    /// <param name="namespaces">Of all virtual clusters.</param>
    public NamespaceIncarnations(KubeClient root, Informer namespaces)
    {
        this.root = root;
        this.namespaces = namespaces;
        namespaces.Subscribe(change =>
        {
            if (change.Current is null)
            {
                answers.TryRemove(change.Key, out _);
            }
        });
    }

    /// <returns>Of the one that is known here, whether the object is in it or in another; null where none is.</returns>
    public string? Known(KubeObject source) => namespaces.Get(source.Cluster, "", source.Namespace)?.Uid;

    /// <summary>Whether the namespace of an object is known here, and stays.</summary>
    public bool IsOpen(ObjectKey key) => namespaces.Get(key.Cluster, "", key.Namespace) is { IsDeleting: false };

    /// <param name="works">Those of the object: what an object is in does not change as long as it lives.</param>
    /// <returns>Null while it is not known here, or when it was another: by then the right one is here, where there is one.</returns>
    /// <exception cref="StatusException">The server does not answer.</exception>
    public async ValueTask<string?> UidOfAsync(KubeObject source, IEnumerable<KubeObject> works, CancellationToken cancellationToken)
    {
        // How far it is before what it shows: it may go on between the two.
        long version = Number(source.ResourceVersion), seen = namespaces.Seen;
        if (Known(source) is not { } known)
        {
            return null;
        }

        if ((version > 0 && seen >= version) || works.Any(w => w.TextAt("spec", "source", "uid") == source.Uid && w.TextAt("spec", "source", "namespaceUid") == known))
        {
            return known;
        }

        var key = new ObjectKey(source.Cluster, "", source.Namespace);
        if (version == 0 || !answers.TryGetValue(key, out Answer? answer) || answer.Revision < version)
        {
            // A list, as it says of when it is.
            KubeList found = await root.InCluster(source.Cluster).ListAsync(
                CoreResources.Namespaces, "", new ListQuery { FieldSelector = $"metadata.name={source.Namespace}" }, cancellationToken).ConfigureAwait(false);
            if (found.Items.SingleOrDefault() is not { } live)
            {
                // Gone, and with it all that was in it.
                return null;
            }

            namespaces.Observe(live, source.Cluster);
            answers[key] = answer = new Answer(live.Uid, Number(found.ResourceVersion));
        }

        return answer.Uid == known ? known : null;
    }

    private static long Number(string version) => long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    /// <param name="Revision">Up to which it holds.</param>
    private sealed record Answer(string Uid, long Revision);
}
