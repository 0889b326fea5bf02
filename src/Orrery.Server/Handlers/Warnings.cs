using Microsoft.AspNetCore.Http;

namespace Orrery.Server.Handlers;

/// <summary>Warning headers (RFC 7234 code 299), which kubectl prints.</summary>
internal static class Warnings
{
    public static void Add(HttpResponse response, IReadOnlyList<string> texts)
    {
        foreach (string text in texts)
        {
            string quoted = new([.. text.Select(c => c is < ' ' or > '~' ? '?' : c)]);
            response.Headers.Append("Warning", $"299 - \"{quoted.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
        }
    }
}
