using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>What is said about a stream: as HTTP/2 has it in the tunnel (RFC 8441), and as HTTP/1.1 has it towards the cluster.</summary>
internal static class StreamHeaders
{
    public static IEnumerable<KeyValuePair<string, string>> Asked(IHeaderDictionary from, string protocol)
    {
        yield return new("Connection", "Upgrade");
        yield return new("Upgrade", protocol);
        foreach (string name in StreamHeaderNames.Asked)
        {
            foreach (string? value in from.TryGetValue(name, out StringValues values) ? values : StringValues.Empty)
            {
                yield return new(name, value ?? "");
            }
        }
    }

    public static void Answer(HttpResponseHeaders from, IHeaderDictionary to)
    {
        foreach (string name in StreamHeaderNames.Answered)
        {
            if (from.TryGetValues(name, out IEnumerable<string>? values))
            {
                to[name] = values.ToArray();
            }
        }
    }
}
