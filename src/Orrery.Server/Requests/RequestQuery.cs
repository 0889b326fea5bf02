using System.Collections.Frozen;

namespace Orrery.Server.Requests;

/// <summary>Query parameters of a request: names are case-sensitive, a name may occur more than once.</summary>
public sealed class RequestQuery
{
    public static readonly RequestQuery Empty = new(FrozenDictionary<string, string[]>.Empty);

    private readonly IReadOnlyDictionary<string, string[]> values;

    private RequestQuery(IReadOnlyDictionary<string, string[]> values)
    {
        this.values = values;
    }

    /// <summary>The first value, or null when the parameter is absent.</summary>
    public string? this[string name] => values.TryGetValue(name, out string[]? found) ? found[0] : null;

    public IReadOnlyList<string> All(string name) => values.TryGetValue(name, out string[]? found) ? found : [];

    public bool Has(string name) => values.ContainsKey(name);

    /// <summary>
    /// A boolean as apimachinery converts one (<c>pkg/runtime/conversion.go</c>): absent, <c>0</c> and <c>false</c> in any
    /// case are false, anything else is true.
    /// </summary>
    public bool Flag(string name) =>
        this[name] is { } text && text != "0" && !text.Equals("false", StringComparison.OrdinalIgnoreCase);

    /// <param name="query">Without the question mark.</param>
    public static RequestQuery Parse(string query)
    {
        if (query.Length == 0)
        {
            return Empty;
        }

        var parsed = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = Decode(equals < 0 ? pair : pair[..equals]);
            string value = equals < 0 ? "" : Decode(pair[(equals + 1)..]);
            parsed[name] = parsed.TryGetValue(name, out string[]? earlier) ? [.. earlier, value] : [value];
        }

        return new RequestQuery(parsed);
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
