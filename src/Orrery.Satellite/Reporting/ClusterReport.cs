using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Reporting;

/// <summary>
/// Says on the DataPlane what its cluster is: versions, nodes, capacity, and whether it answers. Writes only what changed, by server-side
/// apply: the control plane owns the other half of the same status.
/// </summary>
internal sealed class ClusterReport : IReconciler<string>
{
    private const string Self = "self";
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CheckDelay = TimeSpan.FromSeconds(5);

    /// <summary>A cluster that takes longer to say its version cannot be worked with.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FactsTimeout = TimeSpan.FromSeconds(30);

    /// <summary>For how long another satellite is told of that has not written since.</summary>
    private static readonly TimeSpan SecondStays = TimeSpan.FromMinutes(10);

    private readonly SatelliteContext context;
    private readonly Informer nodes;
    private readonly KeptObjects kept;
    private readonly ReconcilerHost<string> host;
    private readonly ILogger logger;
    private readonly ClusterRevision revision;
    private readonly ClusterUpgrades upgrades;
    private string? written;
    private bool hasWritten;

    /// <summary>When another satellite was last found to have written what is this one's, after this one had; null when that never was.</summary>
    private long? secondSeen;

    /// <summary>What that one had written.</summary>
    private KubeObject? second;

    /// <summary>Whether what was written may be gone: the DataPlane may have been deleted and made anew.</summary>
    private volatile bool isDoubtful;
    private bool away;
    private bool measures;
    private IReadOnlyList<AccessRight>? missing;

    public ClusterReport(SatelliteContext context, Informer nodes, KeptObjects kept)
    {
        this.context = context;
        this.nodes = nodes;
        this.kept = kept;
        logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Report");
        upgrades = new ClusterUpgrades(context, logger);
        revision = new ClusterRevision(context.Cluster, context.ClusterHistory, logger);

        // The level look asks the cluster for its version: the sign that it answers.
        host = context.Host("report", this, [], () => [Self], context.Options.HeartbeatInterval, workers: 1);
        nodes.Subscribe(_ => host.Queue.AddAfter(Self, Pace));
        host.Queue.Add(Self);
    }

    /// <summary>Looks, a little later, whether the control plane still has what was said.</summary>
    public void CheckLater()
    {
        isDoubtful = true;
        host.Queue.AddAfter(Self, CheckDelay);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        void Look() => host.Queue.Add(Self);
        context.Policy.Changed += Look;
        try
        {
            await host.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // The policy is followed on where it switches all else off.
            context.Policy.Changed -= Look;
        }
    }

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        // 1. Ask the cluster.
        (string? version, bool isMeasured, IReadOnlyList<AccessRight>? lacking, string fault) = await AskAsync(cancellationToken).ConfigureAwait(false);
        if (version is null != away)
        {
            away = version is null;
            Tell(fault);
            if (!away)
            {
                context.TellRecovered();
            }
        }

        upgrades.Saw(version);
        if (version is not null && !(nodes.HasSynced.IsCompleted && context.Namespaces.HasSynced.IsCompleted))
        {
            return ReconcileResult.After(Pace);
        }

        // Who is shut out is heard by nobody, and says it all once let in again.
        if (context.Standing.IsShutOut)
        {
            isDoubtful = true;
            return Done;
        }

        // 2. Say what is new.
        JsonObject status = Facts(version, isMeasured);
        string restriction = context.Policy.Current.Summary;
        ClusterState state = StateOf(version is not null, fault);
        string rights = lacking is null ? "?" : ClusterRights.Describe(lacking);
        string? restored = await kept.RestoredAsync(cancellationToken).ConfigureAwait(false), left = kept.LeftBehind();
        string? unwritable = context.Record.Fault is { } lost && Applying.RefusalPace.IsFault(lost) ? lost.Message : null;
        string Text() => $"{status.ToJsonString()}{state}{restriction}{rights}{restored}{left}{unwritable}{IsDuplicated}";
        if (Text() == written && !isDoubtful)
        {
            return Done;
        }

        isDoubtful = false;
        KubeObject present = await PresentAsync(cancellationToken).ConfigureAwait(false);
        context.Served.See(present);
        SetServed(status);
        left = kept.LeftBehind();
        string last = present.TextAt("status", "satelliteInstance") ?? "";
        if (hasWritten && last.Length > 0 && last != context.Options.Instance)
        {
            secondSeen = context.Time.GetTimestamp();
            second = present.At("status") is { } told ? new KubeObject(told) : null;
            written = null;
        }

        string text = Text();
        if (text == written && present.TextAt("status", "satelliteVersion") is not null)
        {
            return Done;
        }

        if (version is null)
        {
            KeepLastKnown(status, present);
        }

        SetConditions(status, present, state, restriction);
        SetPermitted(status, present, version is not null, lacking);
        Set(
            status, present, OrreryNames.WritableCondition, unwritable is null ? Conditions.True : Conditions.False, unwritable is null ? "ChangesTaken" : "ChangesFail",
            unwritable is null ? "the cluster takes changes" : $"the cluster takes no changes, not even what its satellite records of them: {unwritable}");
        if (IsDuplicated)
        {
            Set(status, present, OrreryNames.DuplicatedCondition, Conditions.True, "SecondSatellite", ClusterFacts.Duplicated(context.Options.DataPlane, KubeObject.From(status), second));
        }

        if (restored is not null)
        {
            Set(status, present, OrreryNames.RestoredCondition, Conditions.True, "NotConfirmed", restored);
        }

        if (left is not null)
        {
            Set(status, present, OrreryNames.LeftBehindCondition, Conditions.True, "AnotherControlPlane", left);
        }

        var body = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject { ["name"] = context.Options.DataPlane },
            ["status"] = status,
        };

        // Until it is answered nobody knows what stands there: what was said before is to be said again.
        written = null;
        await context.ControlPlane.ApplyAsync(
            OrreryResources.DataPlanes, "", context.Options.DataPlane, body, OrreryNames.SatelliteManager, force: true, cancellationToken, "status").ConfigureAwait(false);
        written = text;
        hasWritten = true;
        return Done;
    }

    /// <summary>One that is started anew is another process too, but the former does not write after it.</summary>
    private bool IsDuplicated => secondSeen is { } seen && context.Time.GetElapsedTime(seen) < SecondStays;

    /// <summary>What the cluster could not tell just now is asked for soon.</summary>
    private ReconcileResult Done => context.Rights.IsDoubtful ? ReconcileResult.After(CheckDelay) : ReconcileResult.Done;

    private async Task<KubeObject> PresentAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await context.ControlPlane.GetAsync(OrreryResources.DataPlanes, "", context.Options.DataPlane, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            isDoubtful = true;
            throw;
        }
    }

    private JsonObject Facts(string? version, bool isMeasured)
    {
        var status = new JsonObject
        {
            ["satelliteVersion"] = context.Options.Version,
            ["satelliteInstance"] = context.Options.Instance,
            ["address"] = context.Options.Cluster.Server.ToString(),
        };
        SetServed(status);
        if (context.Options.ControlPlane.Now.ClientCertificate is { } certificate && SigningAuthority.Of(certificate) is { } authority)
        {
            status["satelliteAuthority"] = authority;
        }

        if (version is not null)
        {
            IReadOnlyList<KubeObject> all = nodes.All();
            status["kubernetesVersion"] = version;
            status["metrics"] = isMeasured;
            status["nodes"] = ClusterFacts.Nodes(all);
            status["capacity"] = ClusterFacts.Sum(all, "capacity");
            status["allocatable"] = ClusterFacts.Sum(all, "allocatable");
        }

        return status;
    }

    /// <summary>A control plane that does not say who it is has no such field.</summary>
    private void SetServed(JsonObject status)
    {
        if (context.Served.Marks is { Id.Length: > 0 } known)
        {
            status["servesUnmarked"] = known.ServesUnmarked;
        }
    }

    /// <summary>A field that is not applied again would be taken away.</summary>
    private static void KeepLastKnown(JsonObject status, KubeObject present)
    {
        foreach (string field in (ReadOnlySpan<string>)["kubernetesVersion", "metrics", "nodes", "capacity", "allocatable"])
        {
            if (present.At("status", field) is { } known)
            {
                status[field] = KubeJson.ToNode(known);
            }
        }
    }

    /// <summary>Says once more what holds, whoever has asked it to stop: that its owner has switched it off, say.</summary>
    public async Task SayLastAsync()
    {
        if (context.Policy.Current.Mode != Policy.PolicyMode.Disabled)
        {
            return;
        }

        using var limit = new CancellationTokenSource(AnswerTimeout, context.Time);
        try
        {
            await ReconcileAsync(Self, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (Retry.IsAway(e))
        {
            // The control plane is away as well: it learns that nobody is heard.
        }
    }

    /// <summary>Whether it can be worked with; of what is missing for that, the first.</summary>
    private ClusterState StateOf(bool answers, string fault) =>
        !answers ? new ClusterState(true, "ClusterAway", fault)
        : context.Namespaces.Refusal is { } refusal ? new ClusterState(true, "NamespacesForbidden", $"nothing new is applied, as the namespaces cannot be read: {refusal}")
        : new ClusterState(false, "ClusterAnswers", "the cluster's API answers");

    private void SetConditions(JsonObject status, KubeObject present, ClusterState state, string restriction)
    {
        status["conditions"] = new JsonArray();
        Set(status, present, OrreryNames.DegradedCondition, state.Degraded ? Conditions.True : Conditions.False, state.Reason, state.Message);
        bool restricted = restriction.Length > 0;
        Set(
            status, present, OrreryNames.RestrictedCondition, restricted ? Conditions.True : Conditions.False,
            !restricted ? "Unrestricted" : context.Policy.Current.Mode == Policy.PolicyMode.Enabled ? "Narrowed" : context.Policy.Current.Mode.ToString(),
            restricted ? $"the cluster's owner holds back: {restriction}" : "the cluster's owner holds nothing back");
    }

    private void SetPermitted(JsonObject status, KubeObject present, bool answers, IReadOnlyList<AccessRight>? lacking)
    {
        if (!answers && Conditions.Find(present, OrreryNames.PermittedCondition) is { } known)
        {
            Set(status, present, known.Type, known.Status, known.Reason, known.Message);
            return;
        }

        (string state, string reason, string message) = lacking switch
        {
            null => (Conditions.Unknown, "NotTold", "the cluster does not tell its satellite what that may do"),
            { Count: 0 } => (Conditions.True, "RightsGranted", "the satellite may do in the cluster all that it may need"),
            _ => (Conditions.False, "RightsMissing", $"the cluster does not let the satellite everywhere: {ClusterRights.Describe(lacking)}"),
        };
        Set(status, present, OrreryNames.PermittedCondition, state, reason, message);
    }

    private void Set(JsonObject status, KubeObject present, string type, string state, string reason, string message)
    {
        if (Conditions.Find(present, type) is { LastTransitionTime: { } since } known)
        {
            Conditions.Set(status, type, known.Status, known.Reason, known.Message, since);
        }

        Conditions.Set(status, type, state, reason, message, context.Time.GetUtcNow());
    }

    private async Task<(string? Version, bool Measures, IReadOnlyList<AccessRight>? Missing, string Fault)> AskAsync(CancellationToken cancellationToken)
    {
        // 1. Whether it answers.
        string version;
        using (var limit = new CancellationTokenSource(AnswerTimeout, context.Time))
        using (var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token))
        {
            try
            {
                version = await VersionAsync(both.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                return (null, false, null, limit.IsCancellationRequested ? $"the cluster's API did not answer within {AnswerTimeout.TotalSeconds:0} s" : $"the cluster's API cannot be reached: {e.Message}");
            }
        }

        // 2. The rest, for which one that is slow gets more time: it is not away. What it does not tell is as it told last.
        using var rest = new CancellationTokenSource(FactsTimeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, rest.Token);
        try
        {
            await revision.LookAsync(either.Token).ConfigureAwait(false);
            measures = await MeasuresAsync(either.Token).ConfigureAwait(false);
            IReadOnlyList<AccessRight>? before = missing;
            string rules = context.Rights.Rules;
            missing = await context.Rights.MissingAsync(either.Token).ConfigureAwait(false);
            if ((rules.Length > 0 && rules != context.Rights.Rules) || (before is { Count: > 0 } && missing is not null && ClusterRights.Beyond(missing, before).Count > 0))
            {
                context.TellRecovered();
            }
        }
        catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
        {
            context.Rights.Doubt();
        }

        return (version, measures, missing, "");
    }

    private async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        try
        {
            JsonElement version = await context.Cluster.SendJsonAsync(HttpMethod.Get, "/version", null, cancellationToken).ConfigureAwait(false);
            return version.TryGetProperty("gitVersion", out JsonElement text) ? text.GetString() ?? "" : "";
        }
        catch (StatusException e) when (e.Code is 403 or 404)
        {
            // Its owner keeps that to itself; it answers.
            return "";
        }
    }

    /// <summary>Metrics are served by something beside the cluster's API, and that it is down tells nothing of the cluster.</summary>
    private async Task<bool> MeasuresAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AnswerTimeout, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await context.Resources.FindAsync(ClusterResources.PodMetrics, both.Token).ConfigureAwait(false) is not null;
        }
        catch (Exception e) when (e is StatusException { Code: 403 or >= 500 } || (e is OperationCanceledException && limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private void Tell(string fault)
    {
        if (away)
        {
            Log.ClusterAway(logger, fault);
        }
        else
        {
            Log.ClusterBack(logger);
        }
    }

    private readonly record struct ClusterState(bool Degraded, string Reason, string Message);
}
