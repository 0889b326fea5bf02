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

    /// <summary>Releases that were in force here, in the order in which they first were.</summary>
    public IReadOnlyList<string> Releases { get; init; } = [];

    /// <summary>The tests that were asked for last; null when none ever were.</summary>
    public TestRun? Test { get; init; }

    public PlaneStatus In(string phase, string reason, string message) => this with { Phase = phase, Reason = reason, Message = message };

    /// <summary>The same, with messages of so many characters at most.</summary>
    public PlaneStatus Within(int longest) => this with { Message = Conditions.Cut(Message, longest), Test = Test is { } test ? test with { Message = Conditions.Cut(test.Message, longest) } : null };

    /// <summary>The same, in words that tell nobody what is in a Secret.</summary>
    public PlaneStatus Without(SecretTexts secrets) => secrets.IsEmpty ? this : this with
    {
        Message = secrets.TakeOut(Message),
        Attempt = Attempt is { Lookups.Count: > 0 } attempt ? attempt with { Lookups = [.. attempt.Lookups.Select(secrets.TakeOut)] } : Attempt,
        Test = Test is { } test ? test with { Message = secrets.TakeOut(test.Message) } : null,
    };

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
        if (Releases.Count > 0)
        {
            json["releases"] = OwnKinds.List(Releases);
        }

        if (Test is { } test)
        {
            json["test"] = test.ToJson();
        }

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
        Releases = Texts(json.At("releases")),
        Test = json.At("test") is { } test ? TestRun.From(new KubeObject(test)) : null,
        Attempt = json.At("attempt") is { } attempt ? Installations.Attempt.From(new KubeObject(attempt)) : null,
    };

    public static IReadOnlyList<string> Texts(JsonElement? list) =>
        list is { ValueKind: JsonValueKind.Array } found ? [.. found.EnumerateArray().Select(t => t.GetString() ?? "")] : [];

    public static DateTimeOffset? Time(string? text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : null;

    private static void Put(JsonObject json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json[name] = value;
        }
    }
}
