using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>How the tests of a release ended, or are going, in one data plane.</summary>
/// <param name="Run">Value of the annotation that asked for them.</param>
/// <param name="Revision">That they test.</param>
/// <param name="Phase">Running, Succeeded or Failed.</param>
/// <param name="Hooks">Works of tests that have run.</param>
internal sealed record TestRun(string Run, int Revision, string Phase, string Message, DateTimeOffset Started, IReadOnlyList<string> Hooks)
{
    public const string Running = "Running";
    public const string Succeeded = "Succeeded";
    public const string Failed = "Failed";

    /// <summary>Marks the Works of this run.</summary>
    /// <param name="inForce">Mark of the attempt that brought the release into force.</param>
    public string Id(string inForce) => $"{inForce}-{Bundles.CanonicalJson.Digest(Run)[..8]}";

    public JsonObject ToJson() => new()
    {
        ["run"] = Run,
        ["revision"] = Revision,
        ["phase"] = Phase,
        ["message"] = Message,
        ["started"] = Conditions.Time(Started),
        ["hooks"] = OwnKinds.List(Hooks),
    };

    public static TestRun From(KubeObject json) => new(
        json.TextAt("run") ?? "",
        (int)(json.NumberAt("revision") ?? 0),
        json.TextAt("phase") ?? Running,
        json.TextAt("message") ?? "",
        PlaneStatus.Time(json.TextAt("started")) ?? DateTimeOffset.UnixEpoch,
        PlaneStatus.Texts(json.At("hooks")));
}
