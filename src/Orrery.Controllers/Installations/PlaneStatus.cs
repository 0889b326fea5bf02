using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>What stands in <c>status.dataPlanes</c> of an Installation about one data plane: all that must survive between two looks.</summary>
/// <param name="Name">Of the data plane.</param>
internal sealed record PlaneStatus(string Name)
{
    public string Phase { get; init; } = Phases.Pending;

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public string? Wanted { get; init; }

    public string? InForce { get; init; }

    public int Revision { get; init; }

    public string Namespace { get; init; } = "";

    public int Objects { get; init; }

    public int Ready { get; init; }

    /// <summary>Digest of what led to what is in force; null before anything was.</summary>
    public string? Inputs { get; init; }

    /// <summary>Digest of the manifests in force.</summary>
    public string? Content { get; init; }

    public DateTimeOffset? Since { get; init; }

    /// <summary>What is under way; null when nothing is.</summary>
    public Attempt? Attempt { get; init; }

    public PlaneStatus In(string phase, string reason, string message) => this with { Phase = phase, Reason = reason, Message = message };

    public static IReadOnlyDictionary<string, PlaneStatus> Of(KubeObject installation) =>
        installation.At("status", "dataPlanes") is { ValueKind: JsonValueKind.Array } planes
            ? planes.EnumerateArray().Select(p => From(new KubeObject(p))).ToDictionary(p => p.Name, StringComparer.Ordinal)
            : new Dictionary<string, PlaneStatus>(StringComparer.Ordinal);

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["name"] = Name, ["phase"] = Phase };
        Put(json, "reason", Reason);
        Put(json, "message", Message);
        Put(json, "wanted", Wanted);
        Put(json, "inForce", InForce);
        Put(json, "namespace", Namespace);
        json["revision"] = Revision;
        json["objects"] = Objects;
        json["ready"] = Ready;
        Put(json, "inputs", Inputs);
        Put(json, "content", Content);
        Put(json, "since", Since is { } since ? Conditions.Time(since) : null);
        if (Attempt is { } attempt)
        {
            json["attempt"] = attempt.ToJson();
        }

        return json;
    }

    private static PlaneStatus From(KubeObject json) => new(json.TextAt("name") ?? "")
    {
        Phase = json.TextAt("phase") ?? Phases.Pending,
        Reason = json.TextAt("reason") ?? "",
        Message = json.TextAt("message") ?? "",
        Wanted = json.TextAt("wanted"),
        InForce = json.TextAt("inForce"),
        Revision = (int)(json.NumberAt("revision") ?? 0),
        Namespace = json.TextAt("namespace") ?? "",
        Objects = (int)(json.NumberAt("objects") ?? 0),
        Ready = (int)(json.NumberAt("ready") ?? 0),
        Inputs = json.TextAt("inputs"),
        Content = json.TextAt("content"),
        Since = Time(json.TextAt("since")),
        Attempt = json.At("attempt") is { } attempt ? Installations.Attempt.From(new KubeObject(attempt)) : null,
    };

    public static DateTimeOffset? Time(string? text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : null;

    private static void Put(JsonObject json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json[name] = value;
        }
    }
}

/// <summary>Phases of an installation in one data plane.</summary>
internal static class Phases
{
    public const string Pending = "Pending";
    public const string Checking = "Checking";
    public const string Installing = "Installing";
    public const string Upgrading = "Upgrading";
    public const string Running = "Running";
    public const string Degraded = "Degraded";
    public const string Failed = "Failed";
    public const string Uninstalling = "Uninstalling";
    public const string Paused = "Paused";
    public const string Unknown = "Unknown";

    /// <summary>The furthest from running first.</summary>
    public static readonly IReadOnlyList<string> Gravest = [Failed, Unknown, Uninstalling, Pending, Checking, Installing, Upgrading, Degraded, Paused, Running];
}

/// <summary>An installation or upgrade that is under way in one data plane.</summary>
/// <param name="Inputs">Digest of release, values and overrides that it is to bring into force.</param>
/// <param name="Content">Digest of the manifests that it comes to.</param>
/// <param name="Revision">What it will be once in force.</param>
/// <param name="Stage">One of <see cref="Stages"/>.</param>
/// <param name="Hooks">Works of hooks that have run.</param>
internal sealed record Attempt(string Inputs, string Content, int Revision, string Stage, DateTimeOffset Started, IReadOnlyList<string> Hooks)
{
    /// <summary>Marks what belongs to it.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Revision}-{Content[..Math.Min(12, Content.Length)]}");

    public JsonObject ToJson() => new()
    {
        ["inputs"] = Inputs,
        ["content"] = Content,
        ["revision"] = Revision,
        ["stage"] = Stage,
        ["started"] = Conditions.Time(Started),
        ["hooks"] = OwnKinds.List(Hooks),
    };

    public static Attempt From(KubeObject json) => new(
        json.TextAt("inputs") ?? "",
        json.TextAt("content") ?? "",
        (int)(json.NumberAt("revision") ?? 0),
        json.TextAt("stage") ?? Stages.Checking,
        PlaneStatus.Time(json.TextAt("started")) ?? DateTimeOffset.UnixEpoch,
        json.At("hooks") is { ValueKind: JsonValueKind.Array } hooks ? [.. hooks.EnumerateArray().Select(h => h.GetString() ?? "")] : []);
}

/// <summary>Stages of an attempt, in order.</summary>
internal static class Stages
{
    /// <summary>The data plane is asked whether it would take it.</summary>
    public const string Checking = "Checking";

    /// <summary>Hooks that run before anything changes.</summary>
    public const string Before = "Before";

    /// <summary>What is new is in force and becomes ready; what is not wanted any more goes.</summary>
    public const string Applying = "Applying";

    /// <summary>Hooks that run once all is ready.</summary>
    public const string After = "After";

    /// <summary>Hooks that run before everything goes.</summary>
    public const string BeforeDeletion = "BeforeDeletion";

    /// <summary>Everything goes; then hooks run.</summary>
    public const string Deleting = "Deleting";
}
