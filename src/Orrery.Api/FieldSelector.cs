using System.Text;

namespace Orrery.Api;

/// <summary>One term of a field selector.</summary>
/// <param name="Negated"><c>!=</c>.</param>
public sealed record FieldRequirement(string Field, bool Negated, string Value);

/// <summary>
/// Chooses objects by a few of their fields: every term must hold (apimachinery <c>pkg/fields/selector.go</c>). Which
/// fields a kind offers is the server's knowledge: see <see cref="Restrict"/>. Immutable.
/// </summary>
public sealed class FieldSelector
{
    public static readonly FieldSelector Everything = new([]);

    private FieldSelector(IReadOnlyList<FieldRequirement> requirements)
    {
        Requirements = requirements;
    }

    public IReadOnlyList<FieldRequirement> Requirements { get; }

    public bool IsEverything => Requirements.Count == 0;

    /// <summary>The one value that <paramref name="field"/> must have, or null when the selector does not say; an index on it may serve the list.</summary>
    public string? Exact(string field) => Requirements.FirstOrDefault(r => r.Field == field && !r.Negated)?.Value;

    /// <summary>Reads <c>metadata.name=a,status.phase!=Running</c>. Empty matches everything.</summary>
    /// <exception cref="FormatException">With upstream's text.</exception>
    public static FieldSelector Parse(string text)
    {
        var requirements = new List<FieldRequirement>();
        foreach (string term in Split(text).Order(StringComparer.Ordinal))
        {
            // A term without a field and a value asks nothing.
            if (term.Length > 0 && ParseTerm(text, term) is var read && (read.Field.Length > 0 || read.Value.Length > 0))
            {
                requirements.Add(read);
            }
        }

        return requirements.Count == 0 ? Everything : new FieldSelector(requirements);
    }

    /// <summary>Refuses fields that the kind does not offer.</summary>
    /// <param name="selectable">The kind's fields beside <c>metadata.name</c> and <c>metadata.namespace</c>; null for a kind that offers no others.</param>
    /// <exception cref="FormatException">With upstream's text, which differs between the two cases.</exception>
    public void Restrict(IReadOnlyCollection<string>? selectable)
    {
        foreach (FieldRequirement requirement in Requirements)
        {
            if (requirement.Field is "metadata.name" or "metadata.namespace" || selectable?.Contains(requirement.Field) == true)
            {
                continue;
            }

            throw new FormatException(selectable is null
                ? $"\"{requirement.Field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                : $"field label not supported: {requirement.Field}");
        }
    }

    /// <param name="field">The object's value of a field; absent fields count as empty.</param>
    public bool Matches(Func<string, string?> field)
    {
        foreach (FieldRequirement requirement in Requirements)
        {
            if (string.Equals(field(requirement.Field) ?? "", requirement.Value, StringComparison.Ordinal) == requirement.Negated)
            {
                return false;
            }
        }

        return true;
    }

    public override string ToString() => string.Join(',', Requirements.Select(r => $"{r.Field}{(r.Negated ? "!=" : "=")}{Escape(r.Value)}"));

    private static FieldRequirement ParseTerm(string whole, string term)
    {
        for (int i = 0; i < term.Length; i++)
        {
            foreach (string op in new[] { "!=", "==", "=" })
            {
                if (string.CompareOrdinal(term, i, op, 0, op.Length) == 0)
                {
                    return new FieldRequirement(term[..i], op == "!=", Unescape(term[(i + op.Length)..]));
                }
            }
        }

        throw new FormatException($"invalid selector: '{whole}'; can't understand '{term}'");
    }

    private static List<string> Split(string text)
    {
        var terms = new List<string>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }

        terms.Add(text[start..]);
        return terms;
    }

    private static string Unescape(string value)
    {
        if (!value.AsSpan().ContainsAny('\\', ',', '='))
        {
            return value;
        }

        var text = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (c is ',' or '=')
            {
                throw new FormatException($"invalid field selector: unescaped character in value: {(int)c}");
            }

            if (c == '\\')
            {
                if (++i == value.Length || value[i] is not ('\\' or ',' or '='))
                {
                    throw new FormatException($"invalid field selector: invalid escape sequence: \\{(i < value.Length ? value[i] : "")}");
                }

                c = value[i];
            }

            text.Append(c);
        }

        return text.ToString();
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal).Replace("=", "\\=", StringComparison.Ordinal);
}
