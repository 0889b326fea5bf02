using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Commands.Objects;

/// <summary>An option of <c>create</c> and <c>set</c> that says something of the object.</summary>
/// <param name="Names">Kind of the objects whose names it says, for completion and for a warning of those that nobody has; null for anything else.</param>
/// <param name="Write">Writes what was given into the object, or into a merge patch of it. Called only when the option was given.</param>
internal sealed record ObjectField(Option Option, Func<ParseResult, JsonObject, CancellationToken, Task> Write, ObjectKind? Names = null)
{
    /// <summary>The list that it writes into, when <c>set</c> is to leave the elements of which nothing was said; null for anything else.</summary>
    public KeyedList? Into { get; init; }

    /// <summary>One text at a path such as <c>spec.class</c>; an empty text removes it from an object that has it.</summary>
    public static ObjectField Text(string name, string path, string about, string helpName = "NAME", string[]? oneOf = null, ObjectKind? names = null)
    {
        var option = new Option<string>(name) { Description = about, HelpName = oneOf is null ? helpName : string.Join('|', oneOf) };
        if (oneOf is not null)
        {
            option.AcceptOnlyFromAmong(oneOf);
        }

        return Of(option, (value, body) => Put(body, path, value.Length == 0 ? null : JsonValue.Create(value))).Naming(names);
    }

    public static ObjectField Flag(string name, string path, string about) =>
        Of(new Option<bool>(name) { Description = about }, (value, body) => Put(body, path, JsonValue.Create(value)));

    public static ObjectField Number(string name, string path, string about, string helpName = "N") =>
        Of(new Option<int>(name) { Description = about, HelpName = helpName }, (value, body) => Put(body, path, JsonValue.Create(value)));

    /// <summary>A list of texts, separated by commas or said several times. What was there is replaced.</summary>
    public static ObjectField Texts(string name, string path, string about, string helpName = "A,B,C", ObjectKind? names = null) =>
        Of(List(name, about, helpName), (values, body) => Put(body, path, new JsonArray([.. values.Select(v => (JsonNode)JsonValue.Create(v)!)]))).Naming(names);

    /// <summary>Pairs such as <c>region=eu,cloud=a</c>.</summary>
    public static ObjectField Pairs(string name, string path, string about) => Of(List(name, about, "KEY=VALUE"), (values, body) => Put(body, path, PairsOf(name, values)));

    /// <summary>Pairs whose values are whole numbers.</summary>
    public static ObjectField Numbers(string name, string path, string about) => Of(List(name, about, "NAME=N"), (values, body) =>
    {
        var numbers = new JsonObject();
        foreach ((string key, JsonNode? value) in PairsOf(name, values))
        {
            numbers[key] = int.TryParse((string)value!, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : throw new CommandFailedException($"{name}: '{value}' of {key} is no whole number");
        }

        Put(body, path, numbers);
    });

    public static ObjectField Of<T>(Option<T> option, Action<T, JsonObject> write) => new(option, (parsed, body, _) =>
    {
        write(parsed.GetValue(option)!, body);
        return Task.CompletedTask;
    });

    public static ObjectField Of<T>(Option<T> option, Func<T, JsonObject, CancellationToken, Task> write) => new(option, (parsed, body, ct) => write(parsed.GetValue(option)!, body, ct));

    /// <summary>Who may run in a data plane.</summary>
    public static IReadOnlyList<ObjectField> Access { get; } =
    [
        Text("--access", "spec.access", "Who may run there; Shared when unset, which is all tenants.", oneOf: ["Shared", "Dedicated", "Private"]),
        Texts("--tenants", "spec.tenants", "The tenants of a Dedicated or Private one.", names: ObjectKind.Tenant),
    ];

    /// <summary>The ways to say a placement.</summary>
    public static IReadOnlyList<ObjectField> Placement { get; } =
    [
        Texts("--data-planes", "spec.placement.dataPlanes", "Data planes to run on, by name.", names: ObjectKind.DataPlane),
        Texts("--virtual-sites", "spec.placement.virtualSites", "Virtual sites to run on.", names: ObjectKind.VirtualSite),
        Pairs("--data-plane-labels", "spec.placement.selector.matchLabels", "Labels of the data planes to run on."),
        Text("--replicas", "spec.placement.replicas", "Whether each data plane gets all replicas or a share; Duplicate when unset.", oneOf: ["Duplicate", "Divide"]),
        Text("--move", "spec.placement.move.strategy", "Whether it runs in its new places before it leaves the old ones; StartFirst when unset.", oneOf: ["StartFirst", "AtOnce"]),
        Numbers("--weights", "spec.placement.weights", "Share of each data plane when replicas are divided, 0 to 1000; 1 where unsaid."),
    ];

    /// <summary>The same field, of which a shell completes the names.</summary>
    public ObjectField Naming(ObjectKind? names)
    {
        if (names is not null)
        {
            Option.With(names);
        }

        return this with { Names = names };
    }

    /// <summary>Sets a value at a dotted path; makes what leads there.</summary>
    public static void Put(JsonObject body, string path, JsonNode? value)
    {
        string[] steps = path.Split('.');
        JsonObject at = body;
        foreach (string step in steps[..^1])
        {
            at = at.ObjectAt(step);
        }

        at[steps[^1]] = value;
    }

    /// <summary>Elements of a list, each with its own option: those that <c>set</c> does not name stay as they are.</summary>
    /// <param name="read">Makes an element of what was said; one of nothing but its keys takes the present one away.</param>
    public static ObjectField Elements(string name, KeyedList list, string about, string helpName, Func<string, JsonObject> read) =>
        Of(new Option<string[]>(name) { Description = about, HelpName = helpName }, (said, body) => Put(body, list.Path, new JsonArray([.. said.Select(s => (JsonNode)read(s))]))) with { Into = list };

    private static Option<string[]> List(string name, string about, string helpName)
    {
        var option = new Option<string[]>(name)
        {
            Description = about,
            HelpName = helpName,
            CustomParser = result => [.. result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
        };

        // Said once for one or several: --label a=b --label c=d, --labels a=b,c=d.
        if (name.EndsWith('s'))
        {
            option.Aliases.Add(name[..^1]);
        }

        return option;
    }

    private static JsonObject PairsOf(string name, string[] values)
    {
        var pairs = new JsonObject();
        foreach (string pair in values)
        {
            int at = pair.IndexOf('=', StringComparison.Ordinal);
            pairs[at > 0 ? pair[..at] : throw new CommandFailedException($"{name}: '{pair}' is no KEY=VALUE")] = pair[(at + 1)..];
        }

        return pairs;
    }
}
