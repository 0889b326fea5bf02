using Microsoft.AspNetCore.Http;

namespace Orrery.Server.Handlers;

/// <summary>Warning headers (RFC 7234 code 299), which kubectl prints.</summary>
public static class Warnings
{
    /// <summary>All warnings of one answer (apiserver <c>pkg/endpoints/filters/warning.go</c>).</summary>
    private const int MaxRunes = 4 * 1024;

    /// <summary>Each text once; what would be too much is left out, and a character that cannot stand in a header is a question mark there.</summary>
    /// <param name="response">Nothing of it is sent yet.</param>
    /// <param name="texts">Of whatever origin.</param>
    public static void Add(HttpResponse response, IReadOnlyList<string> texts)
    {
        foreach (string text in texts)
        {
            string quoted = new([.. text.Select(c => c is < ' ' or > '~' ? '?' : c)]);
            string header = $"299 - \"{quoted.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
            var given = response.Headers["Warning"];
            if (!given.Contains(header) && given.Sum(h => h!.Length) + header.Length <= MaxRunes)
            {
                response.Headers.Append("Warning", header);
            }
        }
    }
}
