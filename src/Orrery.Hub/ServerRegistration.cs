using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// Says that this server lives and where the others reach it: one Lease, renewed whatever else happens. It vouches for every tunnel that the server
/// holds, so that no satellite's heartbeat need be written.
/// </summary>
internal sealed class ServerRegistration(KubeClient api, string server, Uri address, TunnelHubOptions options)
{
    /// <summary>Leases of servers that went are removed once nobody can still be looking at them.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly ILogger logger = options.Loggers.CreateLogger("Orrery.Hub");

    /// <summary>Renews until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        bool swept = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan wait = options.ServerLease / 4;
            try
            {
                await RenewAsync(cancellationToken).ConfigureAwait(false);
                if (!swept)
                {
                    await SweepAsync(cancellationToken).ConfigureAwait(false);
                    swept = true;
                }
            }
            catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
            {
                Log.NotRegistered(logger, e.Message);
                wait = wait < Retry ? wait : Retry;
            }

            await Task.Delay(wait, options.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var spec = new JsonObject
        {
            ["holderIdentity"] = server,
            ["leaseDurationSeconds"] = (int)Math.Max(1, options.ServerLease.TotalSeconds),
            ["renewTime"] = LeaseJson.MicroTime(options.Time.GetUtcNow()),
        };
        try
        {
            await api.PatchAsync(
                HubResources.Leases, OrreryNames.ServerNamespace, OrreryNames.ServerLeasePrefix + server, PatchKind.Merge, new JsonObject { ["spec"] = spec.DeepClone() }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            JsonObject lease = LeaseJson.Make(OrreryNames.ServerNamespace, OrreryNames.ServerLeasePrefix + server);
            lease["spec"] = spec;
            lease.Metadata["labels"] = new JsonObject { [OrreryNames.ServerLabel] = server };
            lease.Metadata["annotations"] = new JsonObject { [OrreryNames.AddressAnnotation] = address.GetLeftPart(UriPartial.Authority) };
            await api.CreateAsync(HubResources.Leases, OrreryNames.ServerNamespace, lease, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset old = options.Time.GetUtcNow() - Forgotten;
        KubeList all = await api.ListAsync(HubResources.Leases, OrreryNames.ServerNamespace, new ListQuery { LabelSelector = OrreryNames.ServerLabel }, cancellationToken).ConfigureAwait(false);
        foreach (KubeObject lease in all.Items)
        {
            if (DateTimeOffset.TryParse(lease.TextAt("spec", "renewTime"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset renewed) && renewed < old)
            {
                try
                {
                    await api.DeleteAsync(HubResources.Leases, lease.Namespace, lease.Name, new DeleteQuery { Uid = lease.Uid }, cancellationToken).ConfigureAwait(false);
                }
                catch (StatusException e) when (e.IsNotFound || e.IsConflict)
                {
                    // Another server was faster, or it lives again.
                }
            }
        }
    }
}
