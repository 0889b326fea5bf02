namespace Orrery.Server.Requests;

/// <summary>Query parameters of a request: names are case-sensitive, a name may occur more than once.</summary>
public sealed class RequestQuery
{
    public static readonly RequestQuery Empty = new([]);

    /// <summary>In the order of the query. There are few of them.</summary>
    private readonly KeyValuePair<string, string>[] pairs;

    private RequestQuery(KeyValuePair<string, string>[] pairs)
    {
        this.pairs = pairs;
    }

    /// <summary>The first value, or null when the parameter is absent.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (KeyValuePair<string, string> pair in pairs)
            {
                if (pair.Key == name)
                {
                    return pair.Value;
                }
            }

            return null;
        }
    }

    public IReadOnlyList<string> All(string name) => [.. pairs.Where(pair => pair.Key == name).Select(pair => pair.Value)];

    public bool Has(string name) => this[name] is not null;

    /// <summary>
    /// A boolean as apimachinery converts one (<c>pkg/runtime/conversion.go</c>): absent, <c>0</c> and <c>false</c> in any
    /// case are false, anything else is true.
    /// </summary>
    public bool Flag(string name) =>
        this[name] is { } text && text != "0" && !text.Equals("false", StringComparison.OrdinalIgnoreCase);

    /// <param name="query">Without the question mark.</param>
    public static RequestQuery Parse(ReadOnlySpan<char> query)
    {
        int count = 0;
        foreach (Range part in query.Split('&'))
        {
            count += query[part].IsEmpty ? 0 : 1;
        }

        if (count == 0)
        {
            return Empty;
        }

        var pairs = new KeyValuePair<string, string>[count];
        int at = 0;
        foreach (Range part in query.Split('&'))
        {
            ReadOnlySpan<char> pair = query[part];
            if (!pair.IsEmpty)
            {
                int equals = pair.IndexOf('=');
                pairs[at++] = new KeyValuePair<string, string>(Decode(equals < 0 ? pair : pair[..equals]), equals < 0 ? "" : Decode(pair[(equals + 1)..]));
            }
        }

        return new RequestQuery(pairs);
    }

    private static string Decode(ReadOnlySpan<char> text) =>
        text.ContainsAny('+', '%') ? Uri.UnescapeDataString(text.ToString().Replace('+', ' ')) : Vocabulary.Of(text);
}
