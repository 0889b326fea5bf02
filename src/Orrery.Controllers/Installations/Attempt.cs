using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>An installation, upgrade or rollback that is under way in one data plane.</summary>
/// <param name="Inputs">Digest of release, values and overrides that it is to bring into force.</param>
/// <param name="Content">Digest of the manifests that it comes to.</param>
/// <param name="Revision">What it will be once in force.</param>
/// <param name="Stage">One of <see cref="Stages"/>.</param>
/// <param name="Hooks">Works of hooks that have run.</param>
internal sealed record Attempt(string Inputs, string Content, int Revision, string Stage, DateTimeOffset Started, IReadOnlyList<string> Hooks)
{
    /// <summary>Release that it is to bring into force.</summary>
    public string? Release { get; init; }

    public AttemptKind Kind { get; init; }

    /// <summary>What the chart looked up in the data plane, for people.</summary>
    public IReadOnlyList<string> Lookups { get; init; } = [];

    /// <summary>Marks what belongs to it.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Revision}-{Head(Inputs)}{Head(Content)}");

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["inputs"] = Inputs,
            ["content"] = Content,
            ["revision"] = Revision,
            ["stage"] = Stage,
            ["kind"] = Kind.ToString(),
            ["started"] = Conditions.Time(Started),
            ["hooks"] = OwnKinds.List(Hooks),
        };
        if (Release is not null)
        {
            json["release"] = Release;
        }

        if (Lookups.Count > 0)
        {
            json["lookups"] = OwnKinds.List(Lookups);
        }

        return json;
    }

    private static string Head(string digest) => digest[..Math.Min(8, digest.Length)];

    public static Attempt From(KubeObject json) => new(
        json.TextAt("inputs") ?? "",
        json.TextAt("content") ?? "",
        (int)(json.NumberAt("revision") ?? 0),
        json.TextAt("stage") ?? Stages.Checking,
        PlaneStatus.Time(json.TextAt("started")) ?? DateTimeOffset.UnixEpoch,
        PlaneStatus.Texts(json.At("hooks")))
    {
        Release = json.TextAt("release"),
        Kind = Enum.TryParse(json.TextAt("kind"), out AttemptKind kind) ? kind : AttemptKind.Upgrade,
        Lookups = PlaneStatus.Texts(json.At("lookups")),
    };
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
