using System.Globalization;

namespace Orrery.Server.Requests;

/// <summary>One clause of an Accept header, or a Content-Type (RFC 9110 8.3, 12.5.1).</summary>
/// <param name="Type">Lower case, such as <c>application</c>, or <c>*</c>.</param>
/// <param name="Parameters">Names in lower case; <c>q</c> is not among them.</param>
public sealed record MediaType(string Type, string Subtype, IReadOnlyDictionary<string, string> Parameters, double Quality)
{
    /// <summary><c>application/json</c>: without parameters.</summary>
    public string Essence => $"{Type}/{Subtype}";

    public string Parameter(string name) => Parameters.TryGetValue(name, out string? value) ? value : "";

    public bool Accepts(string type, string subtype) => (Type == "*" && Subtype == "*") || (Type == type && (Subtype == "*" || Subtype == subtype));

    /// <summary>Null for what is no media type.</summary>
    public static MediaType? Parse(string text)
    {
        string[] parts = text.Split(';', StringSplitOptions.TrimEntries);
        string[] names = parts[0].Split('/');
        if (names.Length != 2 || names[0].Length == 0 || names[1].Length == 0)
        {
            return null;
        }

        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        double quality = 1;
        foreach (string part in parts.Skip(1))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? part : part[..equals]).Trim().ToLowerInvariant();
            string value = equals < 0 ? "" : part[(equals + 1)..].Trim().Trim('"');
            if (name == "q")
            {
                quality = double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double q) ? q : 1;
            }
            else if (name.Length > 0)
            {
                parameters[name] = value;
            }
        }

        return new MediaType(names[0].Trim().ToLowerInvariant(), names[1].Trim().ToLowerInvariant(), parameters, quality);
    }

    /// <summary>The clauses of an Accept header, best first; no header accepts anything.</summary>
    public static IReadOnlyList<MediaType> ParseAccept(string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
        {
            return [new MediaType("*", "*", new Dictionary<string, string>(), 1)];
        }

        return [.. header.Split(',').Select(Parse).OfType<MediaType>().Where(m => m.Quality > 0)
            .OrderByDescending(m => m.Quality)
            .ThenBy(m => (m.Type == "*" ? 2 : 0) + (m.Subtype == "*" ? 1 : 0))];
    }
}
