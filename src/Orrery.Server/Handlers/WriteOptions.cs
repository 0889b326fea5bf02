using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>How unknown and repeated members of a body are met.</summary>
internal enum FieldValidation
{
    Ignore,
    Warn,
    Strict,
}

/// <summary>Query of a create, update or patch: metav1 CreateOptions, UpdateOptions and PatchOptions.</summary>
internal sealed record WriteOptions(bool DryRun, string FieldManager, FieldValidation FieldValidation, bool Force)
{
    /// <summary>As the client said it; empty where it said nothing.</summary>
    private string saidManager = "";
    private string saidValidation = "";

    private const int MaxManagerLength = 128;

    /// <param name="kind"><c>CreateOptions</c>, <c>UpdateOptions</c> or <c>PatchOptions</c>; named in faults.</param>
    /// <param name="apply">Only an apply may force, and it must name its manager.</param>
    public static WriteOptions Read(RequestQuery query, string userAgent, string kind, bool apply = false)
    {
        var errors = new List<FieldError>();
        string manager = query["fieldManager"] ?? "";
        bool? force = ListOptions.Flag(query, "force");
        if (apply && manager.Length == 0)
        {
            errors.Add(FieldError.Required("fieldManager", "is required for apply patch"));
        }
        else if (force is not null && !apply)
        {
            errors.Add(FieldError.Forbidden("force", "may not be specified for non-apply patch"));
        }

        ValidateManager(manager, errors);
        bool dryRun = ReadDryRun(query, errors);
        string validation = query["fieldValidation"] ?? "";
        FieldValidation level = FieldValidation.Warn;
        if (validation.Length > 0 && !(validation is "Ignore" or "Warn" or "Strict" && Enum.TryParse(validation, out level)))
        {
            errors.Add(FieldError.NotSupported("fieldValidation", validation, "", "Ignore", "Strict", "Warn"));
        }

        return errors.Count == 0
            ? new WriteOptions(dryRun, manager.Length > 0 ? manager : DefaultManager(userAgent), level, force ?? false) { saidManager = manager, saidValidation = validation }
            : throw ApiErrors.Invalid(new GroupKind("meta.k8s.io", kind), "", errors);
    }

    /// <summary>The options as the object that admission is shown. A patch is an update, or a create where nothing was.</summary>
    public JsonObject ToJson(AdmissionOperation operation)
    {
        var json = new JsonObject { ["kind"] = operation == AdmissionOperation.Create ? "CreateOptions" : "UpdateOptions", ["apiVersion"] = "meta.k8s.io/v1" };
        if (DryRun)
        {
            json["dryRun"] = new JsonArray("All");
        }

        if (saidManager.Length > 0)
        {
            json["fieldManager"] = saidManager;
        }

        if (saidValidation.Length > 0)
        {
            json["fieldValidation"] = saidValidation;
        }

        return json;
    }

    public static bool ReadDryRun(RequestQuery query, List<FieldError> errors)
    {
        IReadOnlyList<string> values = query.All("dryRun");
        if (values.Count == 0)
        {
            return false;
        }

        if (values.Any(v => v != "All"))
        {
            errors.Add(FieldError.NotSupported("dryRun", new JsonArray([.. values.Select(v => (JsonNode?)v)]), "All"));
        }

        return true;
    }

    /// <summary>The program's name at the front of the User-Agent, as upstream takes it.</summary>
    private static string DefaultManager(string userAgent)
    {
        int end = userAgent.IndexOf('/', StringComparison.Ordinal);
        string name = end < 0 ? userAgent : userAgent[..end];
        if (name.Length > MaxManagerLength || name.AsSpan().ContainsAnyInRange('\0', '\x1f') || name.AsSpan().ContainsAnyInRange('\x7f', '\x9f'))
        {
            name = new string([.. name.Where(c => !char.IsControl(c)).Take(MaxManagerLength)]);
        }

        return name.Length == 0 ? "unknown" : name;
    }

    private static void ValidateManager(string manager, List<FieldError> errors)
    {
        if (Encoding.UTF8.GetByteCount(manager) > MaxManagerLength)
        {
            errors.Add(FieldError.TooLong("fieldManager", MaxManagerLength));
        }

        int at = 0;
        foreach (Rune rune in manager.EnumerateRunes())
        {
            if (!IsPrintable(rune))
            {
                errors.Add(FieldError.Invalid("fieldManager", manager, string.Create(CultureInfo.InvariantCulture, $"invalid character U+{rune.Value:X4} (at position {at})")));
            }

            at += rune.Utf8SequenceLength;
        }
    }

    /// <summary>As Go has it (<c>unicode.IsPrint</c>): letters, marks, numbers, punctuation, symbols and the plain space.</summary>
    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
