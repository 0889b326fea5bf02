using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orrery.Controllers.Tests.Road;

/// <summary>
/// What a satellite asks of the control plane, as text: a line for each request of another kind, with names and numbers left out, below it the members of its bodies, and one such body.
/// </summary>
internal sealed partial class Conversation
{
    public const string Name = "{name}", Uid = "{uid}", DataPlane = "pa2-par";

    private readonly Lock gate = new();
    private readonly SortedDictionary<string, Asked> asked = new(StringComparer.Ordinal);

    /// <summary>By what is asked, such as <c>PATCH /apis/…/works/{name}/status application/json-patch+json</c>.</summary>
    public IReadOnlyDictionary<string, Asked> Requests
    {
        get
        {
            lock (gate)
            {
                return asked.ToDictionary(StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Notes down one that is about to be sent.</summary>
    public async Task NoteAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is { } content && request.Method != HttpMethod.Connect ? await content.ReadAsStringAsync(cancellationToken) : "";
        string key = $"{request.Method} {Plain(request.RequestUri!)} {request.Headers.Protocol}{request.Content?.Headers.ContentType?.MediaType}".TrimEnd();
        string example = Time().Replace(Guid().Replace(body, Uid), "2026-01-01T00:00:00Z");
        lock (gate)
        {
            if (!asked.TryGetValue(key, out Asked? known))
            {
                asked[key] = known = new Asked(new SortedSet<string>(StringComparer.Ordinal), example);
            }

            known.Members.UnionWith(Members(body));
        }
    }

    public static Conversation Read(string text)
    {
        var read = new Conversation();
        string key = "";
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("  with ", StringComparison.Ordinal))
            {
                read.asked[key].Members.UnionWith(line[7..].Split(", "));
            }
            else if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                read.asked[key] = read.asked[key] with { Example = line[2..] };
            }
            else
            {
                read.asked[key = line] = new Asked(new SortedSet<string>(StringComparer.Ordinal), "");
            }
        }

        return read;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach ((string key, Asked request) in Requests.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            text.Append(key).Append('\n');
            if (request.Members.Count > 0)
            {
                text.Append("  with ").AppendJoin(", ", request.Members).Append("\n  ").Append(request.Example).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Of a patch what is done to what, of an object its members, two deep.</summary>
    private static IEnumerable<string> Members(string body) => body.Length == 0 ? [] : JsonNode.Parse(body) switch
    {
        JsonArray steps => steps.Select(s => $"{s!["op"]} {s["path"]}"),
        JsonObject json => json.SelectMany(m => m.Value is JsonObject inner && m.Key != "metadata" ? inner.Select(i => $"{m.Key}.{i.Key}") : [m.Key]),
        _ => [],
    };

    private static string Plain(Uri address)
    {
        string path = Named().Replace(address.AbsolutePath, $"$1/{Name}");
        string query = Number().Replace(Uri.UnescapeDataString(address.Query), "$1=*");
        return path + query;
    }

    [GeneratedRegex("(/namespaces/[^/]+/(?:works|observations|tenancies))/[^/]+")]
    private static partial Regex Named();

    [GeneratedRegex("(resourceVersion|timeoutSeconds|continue)=[^&]+")]
    private static partial Regex Number();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Guid();

    [GeneratedRegex(@"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z")]
    private static partial Regex Time();

    /// <param name="Members">What bodies of such requests had.</param>
    /// <param name="Example">A body; empty where there is none.</param>
    internal sealed record Asked(SortedSet<string> Members, string Example);
}
