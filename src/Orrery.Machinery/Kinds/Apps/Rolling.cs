using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Apps;

/// <summary>Counts that are a number or a share, such as <c>25%</c>.</summary>
internal static class Rolling
{
    private const string NotAShare = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%', or '93%', regex used for validation is '[0-9]+%')";

    public static void Validate(JsonObject rolling, string path, Faults faults)
    {
        ValidateCount(rolling["maxUnavailable"], path + ".maxUnavailable", faults);
        ValidateCount(rolling["maxSurge"], path + ".maxSurge", faults);
        NotAboveAll(rolling["maxUnavailable"], path + ".maxUnavailable", faults);
    }

    public static void ValidateCount(JsonNode? value, string path, Faults faults)
    {
        if (value.IsNumber)
        {
            if (Number(value) < 0)
            {
                faults.Invalid(path, value, Faults.NotNegative);
            }
        }
        else if (value.IsText && Share(value) is null)
        {
            faults.Invalid(path, value, NotAShare);
        }
    }

    public static void NotAboveAll(JsonNode? value, string path, Faults faults)
    {
        if (Share(value) > 100)
        {
            faults.Invalid(path, value, "must not be greater than 100%");
        }
    }

    public static bool IsZero(JsonNode? value) => value is null || (value.IsNumber ? Number(value) == 0 : Share(value) == 0);

    /// <summary>The count out of a total.</summary>
    public static long Scale(JsonNode? value, long total, bool roundUp)
    {
        if (value.IsNumber)
        {
            return Number(value);
        }

        long parts = (Share(value) ?? 0) * total;
        return roundUp ? (parts + 99) / 100 : parts / 100;
    }

    private static long Number(JsonNode? value) => value is JsonValue v && v.TryGetValue(out long n) ? n : value is JsonValue w && w.TryGetValue(out int i) ? i : 0;

    private static long? Share(JsonNode? value) =>
        value.IsText && value.AsText() is [.. var digits, '%'] && digits.Length > 0 && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long share) ? share : null;
}
