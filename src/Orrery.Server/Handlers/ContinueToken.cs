using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Server.Handlers;

/// <summary>Where a paged list goes on: base64 of <c>{"v":"meta.k8s.io/v1","rv":N,"start":"/ns/name\0"}</c>, the form upstream hands out.</summary>
/// <param name="Revision">The snapshot that all pages show.</param>
/// <param name="StartAfter">Key of the last object of the page before, without the list's own prefix.</param>
internal sealed record ContinueToken(long Revision, string StartAfter)
{
    /// <summary>In the revision's place: what comes next of the newest state, after a token that grew too old.</summary>
    public const long Latest = -1;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private const string Version = "meta.k8s.io/v1";

    public string Encode()
    {
        var json = new JsonObject { ["v"] = Version, ["rv"] = Revision, ["start"] = "/" + StartAfter + "\0" };
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(json.ToJsonString())).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    /// <summary>Where Go's decoder stops: at a character that is none of base64, or in a last group of one character. Null: nowhere.</summary>
    private static int? IllegalAt(string token)
    {
        int bad = token.AsSpan().IndexOfAnyExcept(Alphabet);
        return bad >= 0 ? bad : token.Length % 4 == 1 ? token.Length - 1 : null;
    }

    public static ContinueToken Decode(string token)
    {
        try
        {
            string base64 = token.Replace('-', '+').Replace('_', '/');
            byte[] bytes = Convert.FromBase64String(base64 + new string('=', (4 - base64.Length % 4) % 4));
            if (JsonBody.Parse(bytes) is JsonObject json && json.TextAt("v") == Version && json.TextAt("start") is { Length: > 0 } start && json.NumberAt("rv") is { } revision and (> 0 or Latest))
            {
                // Upstream's storage/continue.go: a slash in front may be left out, and nothing leads out of the list.
                string key = start[0] == '/' ? start : "/" + start;
                return key[1..].TrimEnd('\0') is { Length: > 0 } after && after.Split('/').All(p => p is not ("" or "." or ".."))
                    ? new ContinueToken(revision, after)
                    : throw ApiErrors.BadRequest($"invalid continue token: continue key is not valid: {start}");
            }
        }
        catch (FormatException fault)
        {
            string why = IllegalAt(token) is { } at ? $"illegal base64 data at input byte {at}" : fault.Message;
            throw ApiErrors.BadRequest($"invalid continue token: continue key is not valid: {why}");
        }

        throw ApiErrors.BadRequest("invalid continue token: continue key is not valid");
    }
}
