using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Observing;

/// <summary>Wakes <see cref="ObservationReconciler"/> when something of the cluster changes that is reported.</summary>
internal sealed class ObserveLoop
{
    private static readonly TimeSpan LevelInterval = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, Informer> watched;
    private readonly Informer observations;

    /// <summary>Runs with the satellite, as others read it too.</summary>
    private readonly Informer namespaces;
    private readonly ReconcilerHost<ObservedKey> host;

    public ObserveLoop(SatelliteContext context)
    {
        namespaces = context.Namespaces;
        watched = ObservationBuilder.Kinds.ToDictionary(
            k => k.Key, k => k.Key == "Namespace" ? namespaces : context.Following(k.Value), StringComparer.Ordinal);
        Nodes = watched["Node"];
        observations = new Informer(context.ControlPlane, OrreryResources.Observations, context.InformerOptions with { Namespace = context.Namespace });
        host = context.Host(
            "observations",
            new ObservationReconciler(context, watched, observations),
            [.. watched.Values, observations, context.Namespaces],
            () => watched.SelectMany(w => w.Value.All().Select(o => new ObservedKey(w.Key, o.Namespace, o.Name)))
                .Concat(observations.All().Select(KeyOf).OfType<ObservedKey>()).Distinct(),
            LevelInterval,
            workers: 4,
            k => k.Namespace);

        foreach ((string kind, Informer informer) in watched)
        {
            informer.Subscribe(change => host.Queue.Add(new ObservedKey(kind, change.Key.Namespace, change.Key.Name)));
        }

        // One whose object went while nobody looked, and one that somebody changed or removed.
        observations.Subscribe(change =>
        {
            if (KeyOf(change.Latest) is { } key)
            {
                host.Queue.Add(key);
            }
        });

        // What a tenant asked of it may have been held back until now, and a namespace may be ours by what is known now.
        context.ClusterRecovered += () =>
        {
            foreach (KubeObject ns in namespaces.All())
            {
                host.Queue.Add(new ObservedKey("Namespace", "", ns.Name));
            }

            foreach (ObservedKey key in observations.All().Where(o => o.Annotations.Count > 0).OrderBy(o => o.Name, StringComparer.Ordinal).Select(KeyOf).OfType<ObservedKey>())
            {
                host.Queue.Add(key);
            }
        };

        // A namespace may become known after what is in it.
        context.Namespaces.Subscribe(change =>
        {
            foreach ((string kind, Informer informer) in watched)
            {
                foreach (KubeObject found in informer.InNamespace(ClusterName.Root, change.Key.Name))
                {
                    host.Queue.Add(new ObservedKey(kind, found.Namespace, found.Name));
                }
            }
        });
    }

    public Informer Nodes { get; }

    public Informer Claims => watched["PersistentVolumeClaim"];

    public Informer Pods => watched["Pod"];

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(watched.Values.Append(observations).Where(i => i != namespaces).Select(i => i.RunAsync(cancellationToken)).Append(host.RunAsync(cancellationToken)));

    private static ObservedKey? KeyOf(KubeObject observation) =>
        SourceReference.Of(observation) is { } source && ObservationBuilder.Kinds.ContainsKey(source.Kind)
            ? new ObservedKey(
                source.Kind, observation.TextAt("spec", "object", "metadata", "namespace") ?? "", observation.TextAt("spec", "object", "metadata", "name") ?? source.Name)
            : null;
}
