using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;

namespace Orrery.Satellite.Offline;

/// <summary>
/// Keeps in the cluster a copy of what is wanted there, so that a satellite which starts while the control plane is away goes on enforcing it. The
/// copy holds tenants' Secrets, so it is Secrets itself. Written in parts, each with the digest of the whole: parts of two copies are no copy.
/// </summary>
internal sealed class WantedKeeper
{
    private const string Prefix = "orrery-wanted-";
    private const string Label = "orrery.dev/wanted";
    private const string DigestAnnotation = "orrery.dev/digest";
    private const string CountAnnotation = "orrery.dev/parts";
    private const string Member = "part";

    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    /// <summary>From one copy to the next. What came within is what a satellite that is killed then, and finds the control plane away, does not know.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>A change after a quiet while is copied almost at once, with those that come along with it.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    /// <summary>Making a copy may take this part of a processor at most: a large one is made less often.</summary>
    private const int Share = 20;

    private readonly SatelliteContext context;
    private readonly ILogger logger;
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile bool changed;

    public WantedKeeper(SatelliteContext context, ILogger logger)
    {
        this.context = context;
        this.logger = logger;
        foreach (Informer source in Sources)
        {
            // A report of ours changes the object, and nothing that is wanted.
            source.Subscribe(change =>
            {
                if (change.Old?.Uid != change.Current?.Uid || change.Old?.Generation != change.Current?.Generation || change.Current?.IsDeleting == true)
                {
                    Changed();
                }
            });
        }
    }

    private void Changed()
    {
        changed = true;
        changes.Writer.TryWrite(true);
    }

    private Informer[] Sources => [context.Works, context.Tenancies.Informer];

    /// <summary>Follows what is wanted, until cancelled; once it is known from the control plane itself.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string written = "", said = "";
        int parts = 0;
        TimeSpan wait = TimeSpan.Zero;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)changes.Reader.WaitToReadAsync(cancellationToken).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(Gathering, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = Pace;
            changes.Reader.TryRead(out _);
            if (!changed)
            {
                continue;
            }

            if (Sources.Any(s => !s.HasListed))
            {
                Changed();
                continue;
            }

            changed = false;
            long start = context.Time.GetTimestamp();
            byte[] copy = WantedCopy.Encode(Sources.SelectMany(s => s.All()));
            string digest = Convert.ToHexStringLower(SHA256.HashData(copy));
            wait = context.Time.GetElapsedTime(start) * Share is var rest && rest > Pace ? rest : Pace;
            if (digest == written)
            {
                continue;
            }

            try
            {
                // Until it is answered nobody knows what stands there. Also one that stops writes what it knows.
                written = "";
                using var last = new CancellationTokenSource(Pace, context.Time);
                parts = await WriteAsync(copy, digest, parts, cancellationToken.IsCancellationRequested ? last.Token : cancellationToken).ConfigureAwait(false);
                written = digest;
                said = "";
            }
            catch (Exception e) when (Retry.IsAway(e))
            {
                Changed();
                if (e.Message != said)
                {
                    // Days without room for it are a line in the log, not a line a try.
                    said = e.Message;
                    Log.CopyNotWritten(logger, said);
                }
            }
        }
    }

    /// <summary>Takes the copy for what is wanted, where there is one.</summary>
    /// <returns>False when there is none that is whole.</returns>
    public async Task<bool> RestoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            KubeList found = await context.Cluster.ListAsync(Secrets, JoinNames.SystemNamespace, new ListQuery { LabelSelector = $"{Label}={context.Options.DataPlane}" }, cancellationToken).ConfigureAwait(false);
            List<KubeObject> parts = [.. found.Items.OrderBy(p => p.Name, StringComparer.Ordinal)];
            if (parts.Count == 0 || parts.Any(p => p.Annotations.GetValueOrDefault(CountAnnotation) != parts.Count.ToString(CultureInfo.InvariantCulture)))
            {
                return false;
            }

            byte[] copy = [.. parts.SelectMany(p => Convert.FromBase64String(p.TextAt("data", Member) ?? ""))];
            string digest = Convert.ToHexStringLower(SHA256.HashData(copy));
            if (parts.Any(p => p.Annotations.GetValueOrDefault(DigestAnnotation) != digest))
            {
                return false;
            }

            ILookup<string, KubeObject> objects = WantedCopy.Decode(copy).ToLookup(o => o.Kind, StringComparer.Ordinal);
            context.Tenancies.Informer.Seed(objects["Tenancy"]);
            context.Works.Seed(objects["Work"]);
            Log.WorksOffline(logger, objects["Work"].Count());
            return true;
        }
        catch (Exception e) when (Retry.IsAway(e) || e is InvalidDataException or FormatException)
        {
            Log.CopyNotRead(logger, e.Message);
            return false;
        }
    }

    private async Task<int> WriteAsync(byte[] copy, string digest, int former, CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> parts = WantedCopy.Split(copy);
        for (int i = 0; i < parts.Count; i++)
        {
            await PutAsync(WantedCopy.PartName(Prefix, i), parts[i], digest, parts.Count, cancellationToken).ConfigureAwait(false);
        }

        if (former == 0)
        {
            // Of a process before this one, which had more of them perhaps.
            KubeList found = await context.Cluster.ListAsync(Secrets, JoinNames.SystemNamespace, new ListQuery { LabelSelector = $"{Label}={context.Options.DataPlane}" }, cancellationToken).ConfigureAwait(false);
            former = found.Items.Count;
        }

        for (int i = parts.Count; i < former; i++)
        {
            await DeleteAsync(WantedCopy.PartName(Prefix, i), cancellationToken).ConfigureAwait(false);
        }

        return parts.Count;
    }

    private async Task PutAsync(string name, byte[] part, string digest, int count, CancellationToken cancellationToken)
    {
        var secret = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = JoinNames.SystemNamespace,
                ["labels"] = new JsonObject { [Label] = context.Options.DataPlane },
                ["annotations"] = new JsonObject { [DigestAnnotation] = digest, [CountAnnotation] = count.ToString(CultureInfo.InvariantCulture) },
            },
            ["type"] = "Opaque",
            ["data"] = new JsonObject { [Member] = Convert.ToBase64String(part) },
        };
        try
        {
            await context.Cluster.UpdateAsync(Secrets, JoinNames.SystemNamespace, name, secret, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            await SystemNamespace.EnsureAsync(context.Cluster, cancellationToken).ConfigureAwait(false);
            await context.Cluster.CreateAsync(Secrets, JoinNames.SystemNamespace, secret, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await context.Cluster.DeleteAsync(Secrets, JoinNames.SystemNamespace, name, null, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }
}
