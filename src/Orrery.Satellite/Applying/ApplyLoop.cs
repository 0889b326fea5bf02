using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Machines;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>Wakes <see cref="WorkReconciler"/> when a Work or anything applied for it changes, and at a regular pace.</summary>
internal sealed class ApplyLoop
{
    private const string ByTenant = "tenant";

    private readonly SatelliteContext context;
    private readonly AppliedObjects applied;
    private readonly WorkReconciler reconciler;
    private readonly ReconcilerHost<string> works;
    private readonly ReconcilerHost<string> namespaces;

    public ApplyLoop(SatelliteContext context, NamespaceGuards guards)
    {
        this.context = context;
        ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Applying");
        applied = new AppliedObjects(context, logger);
        var targets = new WorksByNamespace(context.Works);
        Budgets = new AwaitedBudgets(targets, applied);
        var events = new DriftEvents(context);
        var foreign = new ForeignObjects(context, applied);
        var removals = new Removals(context, applied, foreign, events, logger);
        reconciler = new WorkReconciler(context, applied, new NamespaceKeeper(context, applied, targets, guards, logger), events, removals, logger);
        works = context.Host(
            "works",
            reconciler,
            [context.Works, context.Namespaces, context.Tenancies.Informer],
            () => context.Works.All().Select(w => w.Name).Union(applied.Works()),
            context.Options.LevelInterval,
            workers: 8,
            w => context.Work(w)?.Labels.GetValueOrDefault(OrreryNames.TenantLabel) ?? "",

            // What waits for a webhook that does not answer holds up its own tenant alone.
            mostOfOne: 6);
        namespaces = context.Host(
            "namespaces",
            new NamespaceReconciler(context, applied, foreign, targets, logger),
            [context.Works, context.Namespaces],
            () => context.Namespaces.All().Select(n => n.Name),
            TimeSpan.FromMinutes(5),
            workers: 1);

        context.Works.AddIndex(ByTenant, w => w.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant) ? [tenant] : []);
        context.Works.Subscribe(change =>
        {
            works.Queue.Add(change.Key.Name);
            if (change.IsDeleted)
            {
                LookAtNamespace(WorksByNamespace.TargetOf(change.Latest));
            }
        });
        context.Tenancies.Changed += tenant =>
        {
            foreach (KubeObject work in context.Works.ByIndex(ByTenant, tenant))
            {
                works.Queue.Add(work.Name);
            }
        };
        applied.Changed += (change, work) =>
        {
            if (work.Length > 0)
            {
                reconciler.See(work, change.Latest);
                works.Queue.Add(work);
            }

            if (change.IsDeleted)
            {
                removals.Forget(change.Latest);
                LookAtNamespace(change.Key.Namespace);
            }

            if (change.Current is { Kind: "CustomResourceDefinition" } definition && Conditions.IsTrue(definition, "Established") && (change.Old is null || !Conditions.IsTrue(change.Old, "Established")))
            {
                LookAtKind(definition);
            }
        };
        context.ClusterRecovered += TryAgain;
        context.Namespaces.Subscribe(change =>
        {
            if (change.IsAdded)
            {
                LookAtNamespace(change.Key.Name);
            }
            else if (change.IsDeleted)
            {
                // What waited for it to go need not look again and again whether it has.
                foreach (string work in targets.Names(change.Key.Name))
                {
                    works.Queue.Add(work);
                }
            }
        });
    }

    /// <summary>Of what is to be applied, what holds up evictions.</summary>
    public AwaitedBudgets Budgets { get; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // What is applied must be known before anything is judged missing or left over.
        await Retry.UntilDoneAsync(applied.StartAsync, context, cancellationToken).ConfigureAwait(false);
        context.Record.Recovered += context.TellRecovered;

        // What the owner held back a moment ago may be let now.
        context.Policy.Changed += context.TellRecovered;
        try
        {
            await Task.WhenAll(works.RunAsync(cancellationToken), namespaces.RunAsync(cancellationToken), applied.RunAsync(cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            // The record goes on where the owner switches all else off.
            context.Record.Recovered -= context.TellRecovered;
            context.Policy.Changed -= context.TellRecovered;
        }
    }

    private void TryAgain()
    {
        reconciler.Recovered();
        applied.LookNow();
        foreach (string work in context.Works.All().Select(w => w.Name).Union(applied.Works()).Order(StringComparer.Ordinal))
        {
            works.Queue.Add(work);
        }

        foreach (string ns in context.Namespaces.All().Select(n => n.Name).Order(StringComparer.Ordinal))
        {
            LookAtNamespace(ns);
        }
    }

    /// <summary>What runs here by Orrery and is not wanted: kept, or about to go.</summary>
    public IReadOnlyList<KubeObject> Unwanted() =>
        [.. applied.Works().Distinct().Where(w => context.Work(w) is null).SelectMany(applied.Of).Select(a => a.Live).Where(l => !l.IsDeleting)];

    /// <summary>What other control planes had applied here, by what they are called on it.</summary>
    public IEnumerable<(string ControlPlane, KubeObject Live)> OfOthers() => applied.OfOthers();

    /// <summary>Objects of a kind wait for its definition: now it is there.</summary>
    private void LookAtKind(KubeObject definition)
    {
        string group = definition.TextAt("spec", "group") ?? "";
        context.Resources.Forget(group);
        applied.LookNow(group);
        foreach (KubeObject work in context.Works.All().Where(w =>
            w.TextAt("spec", "manifest", "kind") is { } kind && kind == definition.TextAt("spec", "names", "kind")
            && GroupVersionKind.From(w.TextAt("spec", "manifest", "apiVersion") ?? "", kind).Group == group))
        {
            reconciler.Recovered(work.Name);
            works.Queue.Add(work.Name);
        }
    }

    private void LookAtNamespace(string ns)
    {
        if (ns.Length > 0)
        {
            namespaces.Queue.AddAfter(ns, context.Options.EmptyNamespaceGrace);
        }
    }
}
