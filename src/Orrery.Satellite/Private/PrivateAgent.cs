using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Private;

/// <summary>
/// Fetches what is one tenant's from the vendor's control plane into the tenant's own, where the tenant's own controllers act on it, and reports its status
/// back. It dials out, asks, and is asked nothing. While the vendor is away everything stays as it was fetched.
/// </summary>
public sealed class PrivateAgent(PrivateOptions options)
{
    private static readonly TimeSpan Level = TimeSpan.FromMinutes(1);

    /// <summary>Runs until cancelled. Neither side need answer when it starts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var cluster = new KubeClient(options.Cluster, options.Time);
        ILogger logger = options.Loggers.CreateLogger("Orrery.Satellite.Private");
        var enrollment = new Enrollment(
            options.DataPlane, new IdentityStore(cluster, JoinNames.PrivateIdentitySecret), options.Join, options.Time, options.Loggers.CreateLogger("Orrery.Satellite.Joining"));
        try
        {
            // 1. What needs no vendor.
            await new OwnPlane(new PrivateContext(options, cluster, cluster), logger).EnsureAsync(cancellationToken).ConfigureAwait(false);

            // 2. Its credential: from here on it is the vendor's client.
            await enrollment.JoinAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }

        using var vendor = new KubeClient(TunnelDial.ForLease(enrollment.Config), options.Time);
        var context = new PrivateContext(options, vendor, cluster);
        await Together.RunAsync([enrollment.KeepAsync, .. Loops(context, logger)], cancellationToken).ConfigureAwait(false);
    }

    private IEnumerable<Func<CancellationToken, Task>> Loops(PrivateContext context, ILogger logger)
    {
        Informer[] all = [context.Works, context.VendorPlane, context.OwnPlane, .. context.Fetched.Values];
        var objects = new ReconcilerHost<FetchedObject>("fetched", new FetchReconciler(context, logger), Options<FetchedObject>(all, () =>
            context.Works.All().Select(FetchedObject.Of).OfType<FetchedObject>().Concat(context.Fetched.Values.SelectMany(i => i.All()).Select(FetchedObject.OfObject)).Distinct()));
        var plane = new ReconcilerHost<string>("vendor-data-plane", new PlaneExchange(context), Options<string>(all, () => [options.DataPlane]));

        context.Works.Subscribe(change =>
        {
            foreach (FetchedObject target in new[] { change.Old, change.Current }.OfType<KubeObject>().Select(FetchedObject.Of).OfType<FetchedObject>().Distinct())
            {
                objects.Queue.Add(target);
            }
        });
        foreach (Informer informer in context.Fetched.Values)
        {
            informer.Subscribe(change => objects.Queue.Add(FetchedObject.OfObject(change.Latest)));
        }

        context.VendorPlane.Subscribe(change => plane.Queue.Add(change.Key.Name));
        context.OwnPlane.Subscribe(change =>
        {
            plane.Queue.Add(change.Key.Name);
            if (change.Old?.Annotations.GetValueOrDefault(PrivateContext.VendorAnnotation) != change.Current?.Annotations.GetValueOrDefault(PrivateContext.VendorAnnotation))
            {
                // Whether anything may be removed hangs on it.
                foreach (KubeObject fetched in context.Fetched.Values.SelectMany(i => i.All()))
                {
                    objects.Queue.Add(FetchedObject.OfObject(fetched));
                }
            }
        });
        var beat = new LeaseBeat(context.Vendor, options.DataPlane, null, options.Time, options.Loggers.CreateLogger("Orrery.Satellite.Tunnel"));
        return [.. all.Select<Informer, Func<CancellationToken, Task>>(i => i.RunAsync), objects.RunAsync, plane.RunAsync, beat.RunAsync];
    }

    private ReconcilerOptions<TKey> Options<TKey>(IReadOnlyList<Informer> needs, Func<IEnumerable<TKey>> keys)
        where TKey : notnull =>
        new() { LevelKeys = keys, LevelInterval = Level, Needs = needs, Time = options.Time, Loggers = options.Loggers };
}
