using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Installations;

/// <summary>
/// Works of installations: how they are named, made, changed and compared. What is to come stands in <c>spec.trial</c> until the data plane has
/// accepted all of it; only then does it become <c>spec.manifest</c>. Pure.
/// </summary>
internal static class InstallationWorks
{
    /// <summary>On a Work: the attempt with which what it holds goes.</summary>
    public const string LeavesAnnotation = "orrery.dev/leaves-with";

    /// <summary>Value of <see cref="OrreryNames.HookLabel"/> of the tests of a chart, which stand ready for as long as the release is in force.</summary>
    public const string TestEvent = "test";

    /// <summary>Value of <see cref="OrreryNames.HookLabel"/> of tests that run or have run.</summary>
    public const string TestRunEvent = "test-run";

    public const string HookOrderAnnotation = "orrery.dev/hook-order";
    public const string HookPoliciesAnnotation = "orrery.dev/hook-policies";

    /// <summary>On the pods of a hook, so that each run of it is another one.</summary>
    private const string AttemptAnnotation = "orrery.dev/attempt";

    private static readonly ConditionalWeakTable<KubeObject, string> Digests = new();

    /// <summary>As <see cref="SourceReference.Identity"/> of all Works of an installation.</summary>
    public static string Identity(KubeObject installation) => Source(installation).Identity;

    public static bool IsHook(KubeObject work) => work.Labels.ContainsKey(OrreryNames.HookLabel);

    public static string? TrialOf(KubeObject work) => work.TextAt("spec", "trial", "attempt");

    /// <summary>When the trial comes into force, among all of its attempt.</summary>
    public static int PlaceOf(KubeObject work) => (int)(work.NumberAt("spec", "trial", "place") ?? 0);

    public static bool IsInForce(KubeObject work) => work.At("spec", "manifest") is not null;

    /// <summary>The manifest to come, or else the one in force.</summary>
    public static KubeObject ManifestOf(KubeObject work) => new(work.At("spec", "trial", "manifest") ?? work.At("spec", "manifest") ?? default);

    /// <summary>Usual name of the Work of one object. The same object has the same Work in every release.</summary>
    /// <param name="isTaken">Whether another object's Work has the usual name (<see cref="WorkNames"/>).</param>
    public static string NameOf(KubeObject installation, JsonObject manifest, string hook = "", bool isTaken = false) => new SourceReference(
        ClusterName.Root, manifest.ApiVersion, manifest.Kind, $"{installation.Namespace}/{installation.Name}/{manifest.Namespace}{(hook.Length > 0 ? "/" + hook : "")}", manifest.Name).ObjectName(isTaken);

    /// <summary>A Work that is in force without a trial: whoever fetches it tries it itself. It says no tenant, as nothing of the tenant's is to be held apart for it.</summary>
    public static JsonObject InForce(KubeObject installation, string name, string dataPlaneNamespace, JsonObject manifest)
    {
        JsonObject work = Trial(installation, name, "", dataPlaneNamespace, manifest, "");
        JsonObject spec = work.ObjectAt("spec");
        spec.Remove("trial");
        spec["manifest"] = manifest.DeepClone();
        if (HandlingOf(manifest) is { } handling)
        {
            spec["handling"] = handling;
        }

        return work;
    }

    /// <summary>Puts another manifest in force at once.</summary>
    public static JsonArray Replace(KubeObject work, JsonObject manifest) => [Exactly(work), Add("/spec/manifest", manifest.DeepClone()), .. Handle(work, manifest)];

    /// <summary>A Work that holds something to try and nothing in force.</summary>
    public static JsonObject Trial(KubeObject installation, string name, string tenant, string dataPlaneNamespace, JsonObject manifest, string attempt, int place = 0)
    {
        JsonObject source = Source(installation).ToJson();
        source["uid"] = installation.Uid;
        var labels = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [OrreryNames.InstallationLabel] = installation.Name };
        if (tenant.Length > 0)
        {
            labels[OrreryNames.TenantLabel] = tenant;
        }

        return new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "Work",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = dataPlaneNamespace, ["labels"] = labels },
            ["spec"] = new JsonObject { ["source"] = source, ["trial"] = TrialSpec(manifest, attempt, place) },
        };
    }

    /// <summary>A Work of a hook. Each attempt has its own, so that what an earlier one did is not taken for this one's doing.</summary>
    public static JsonObject Hook(KubeObject installation, WorkNames names, string tenant, string dataPlaneNamespace, RenderedHook hook, string attempt)
    {
        var manifest = (JsonObject)hook.Object.DeepClone();
        JsonObject marked = manifest.Kind == "Job" ? manifest.ObjectAt("spec").ObjectAt("template") : manifest;
        marked.ObjectAt("metadata").ObjectAt("annotations")[AttemptAnnotation] = attempt;
        JsonObject work = Trial(installation, names.Of(manifest, $"{hook.Event}/{attempt}"), tenant, dataPlaneNamespace, manifest, attempt);
        work.Metadata["labels"]![OrreryNames.HookLabel] = hook.Event;
        work.Metadata["annotations"] = new JsonObject
        {
            [HookOrderAnnotation] = hook.Order.ToString(System.Globalization.CultureInfo.InvariantCulture),
            [HookPoliciesAnnotation] = string.Join(',', hook.Policies),
        };
        return work;
    }

    /// <summary>A test that is to run, out of the one that stands ready: every run has Works of its own.</summary>
    public static JsonObject TestRun(WorkNames names, KubeObject ready, string run)
    {
        JsonObject work = ready.ToJsonObject();
        JsonObject manifest = JsonObject.Create(ManifestOf(ready).Json)!;
        work["metadata"] = new JsonObject
        {
            ["name"] = names.Of(manifest, $"{TestRunEvent}/{run}"),
            ["namespace"] = ready.Namespace,
            ["labels"] = work.Metadata["labels"]!.DeepClone(),
            ["annotations"] = work.Metadata["annotations"]!.DeepClone(),
        };
        work.Metadata["labels"]![OrreryNames.HookLabel] = TestRunEvent;
        work["spec"]!["trial"]!["attempt"] = run;
        work.Remove("status");
        return work;
    }

    /// <summary>Puts something to try beside what is in force.</summary>
    public static JsonArray Try(KubeObject work, JsonObject manifest, string attempt, int place) =>
        [Exactly(work), Add("/spec/trial", TrialSpec(manifest, attempt, place)), .. Unmark(work)];

    /// <summary>Brings what was tried into force, unless it is of another attempt by now.</summary>
    public static JsonArray Promote(KubeObject work, string attempt) =>
    [
        Exactly(work),
        new JsonObject { ["op"] = "test", ["path"] = "/spec/trial/attempt", ["value"] = attempt },
        Add("/spec/manifest", KubeJson.ToNode(work.At("spec", "trial", "manifest")!.Value)!),
        .. Handle(work, JsonObject.Create(work.At("spec", "trial", "manifest")!.Value)!),
        Add("/spec/attempt", JsonValue.Create(attempt)!),
        new JsonObject { ["op"] = "remove", ["path"] = "/spec/trial" },
    ];

    /// <summary>Forgets what was to come; what is in force stays.</summary>
    public static JsonArray Abandon(KubeObject work) =>
        [Exactly(work), .. work.At("spec", "trial") is null ? [] : (JsonNode[])[new JsonObject { ["op"] = "remove", ["path"] = "/spec/trial" }], .. Unmark(work)];

    /// <summary>Says that the object goes with an attempt. (Nothing changes for the data plane yet.)</summary>
    public static JsonObject Leave(KubeObject work, string attempt) => new()
    {
        ["metadata"] = new JsonObject { ["uid"] = work.Uid, ["annotations"] = new JsonObject { [LeavesAnnotation] = attempt } },
    };

    /// <summary>Digest of what will be in force once everything tried is: manifests to come, those that stay, without those that go.</summary>
    public static string ContentToCome(IEnumerable<KubeObject> works) =>
        Content(works.Where(w => !w.Annotations.ContainsKey(LeavesAnnotation)).Select(w => (w.Name, DigestOf(w))));

    /// <summary>Digest of what is in force.</summary>
    public static string ContentInForce(IEnumerable<KubeObject> works) =>
        Content(works.Where(IsInForce).Select(w => (w.Name, w.At("spec", "trial") is null ? DigestOf(w) : CanonicalJson.Digest(w.At("spec", "manifest")!.Value))));

    public static string Content(IEnumerable<(string Work, string Digest)> manifests) =>
        CanonicalJson.Digest(string.Join('\n', manifests.OrderBy(m => m.Work, StringComparer.Ordinal).Select(m => $"{m.Work} {m.Digest}")));

    /// <summary>Digest of the manifest to come, or else of the one in force. Kept as long as the informer keeps the Work.</summary>
    private static string DigestOf(KubeObject work) => Digests.GetValue(work, w => CanonicalJson.Digest(ManifestOf(w).Json));

    private static SourceReference Source(KubeObject installation) =>
        new(ClusterName.Root, OrreryResources.ApiVersion, "Installation", installation.Namespace, installation.Name);

    private static JsonObject TrialSpec(JsonObject manifest, string attempt, int place) => new() { ["attempt"] = attempt, ["place"] = place, ["manifest"] = manifest.DeepClone() };

    private static JsonObject Exactly(KubeObject work) => new() { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = work.Uid };

    private static JsonObject Add(string path, JsonNode value) => new() { ["op"] = "add", ["path"] = path, ["value"] = value };

    /// <summary>What a satellite may do with an object is said by its manifest, as by an object of a virtual cluster.</summary>
    private static JsonObject? HandlingOf(JsonObject manifest) => WorkHandling.Asked(KubeObject.From(manifest)).ToJson();

    private static IEnumerable<JsonNode> Handle(KubeObject work, JsonObject manifest) => HandlingOf(manifest) is { } handling ? [Add("/spec/handling", handling)]
        : work.At("spec", "handling") is not null ? [new JsonObject { ["op"] = "remove", ["path"] = "/spec/handling" }]
        : [];

    private static IEnumerable<JsonNode> Unmark(KubeObject work) => work.Annotations.ContainsKey(LeavesAnnotation)
        ? [new JsonObject { ["op"] = "remove", ["path"] = "/metadata/annotations/" + LeavesAnnotation.Replace("/", "~1", StringComparison.Ordinal) }]
        : [];
}
