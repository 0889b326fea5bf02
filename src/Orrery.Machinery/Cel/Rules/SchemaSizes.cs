using System.Text;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>How large values of a schema can be in one request (apiserver <c>pkg/cel/common/schemas.go</c>).</summary>
internal static class SchemaSizes
{
    /// <summary>The largest request, in bytes.</summary>
    private const double Request = 3 * 1024 * 1024;

    /// <summary>Characters are counted where a schema bounds them, bytes where an expression walks them.</summary>
    private const int BytesOfCharacter = 4;

    /// <summary>Most bytes, items or entries.</summary>
    public static double Longest(Schema schema) => schema.Type switch
    {
        SchemaType.Array => schema.Rules?.MaxItems ?? Math.Floor((Request - 2) / (Smallest(schema.Items) + 1)),
        SchemaType.Object => schema.Rules?.MaxProperties ?? Math.Floor((Request - 2) / (Smallest(schema.AdditionalProperties) + 6)),
        SchemaType.String when schema.Format is "duration" or "date-time" => 32,
        SchemaType.String when schema.Format is "date" => 12,
        SchemaType.String when schema.Rules?.MaxLength is { } length => schema.Format == "byte" ? length : length * BytesOfCharacter,
        SchemaType.String when schema.Enum.Count > 0 => schema.Enum.Max(v => Encoding.UTF8.GetByteCount(v.AsText())),
        _ when schema.IntOrString && schema.Rules?.MaxLength is { } length => length * BytesOfCharacter,
        _ => Request - 2,
    };

    /// <summary>How often a value of this schema can occur in a request where nothing above it is bounded.</summary>
    public static double MostOccurrences(Schema schema) => Math.Floor(Request / (Smallest(schema) + 1));

    /// <summary>Bytes of the smallest value.</summary>
    private static double Smallest(Schema? schema) => schema?.Type switch
    {
        SchemaType.String => schema.Format switch { "date" => 12, "date-time" => 21, "duration" => 3, _ => 2 },
        SchemaType.Boolean => 4,
        SchemaType.Array => 2,
        SchemaType.Object => 2 + schema.Required
            .Where(r => schema.Properties.TryGetValue(r, out Schema? member) && member.Default is null)
            .Sum(r => r.Length + 4 + Smallest(schema.Properties[r])),
        _ => 1,
    };
}
