using System.Globalization;
using Orrery.Api;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Query of a list or watch: metav1 ListOptions, checked as upstream's <c>ValidateListOptions</c> does.</summary>
internal sealed record ListOptions
{
    private const string NotOlderThan = "NotOlderThan";

    public string LabelSelector { get; init; } = "";

    public string FieldSelector { get; init; } = "";

    /// <summary>Empty when unsaid; otherwise digits.</summary>
    public string ResourceVersion { get; init; } = "";

    public string ResourceVersionMatch { get; init; } = "";

    /// <summary>Zero: no limit.</summary>
    public long Limit { get; init; }

    public string Continue { get; init; } = "";

    /// <summary>Null when unsaid.</summary>
    public long? TimeoutSeconds { get; init; }

    public bool AllowWatchBookmarks { get; init; }

    public bool? SendInitialEvents { get; init; }

    public long Revision => ResourceVersion.Length == 0 ? 0 : long.Parse(ResourceVersion, CultureInfo.InvariantCulture);

    public static ListOptions Read(RequestQuery query, bool watch)
    {
        var options = new ListOptions
        {
            LabelSelector = query["labelSelector"] ?? "",
            FieldSelector = query["fieldSelector"] ?? "",
            ResourceVersion = query["resourceVersion"] ?? "",
            ResourceVersionMatch = query["resourceVersionMatch"] ?? "",
            Limit = Number(query, "limit") is > 0 and { } limit ? limit : 0,
            Continue = query["continue"] ?? "",
            TimeoutSeconds = Number(query, "timeoutSeconds"),
            AllowWatchBookmarks = query.Flag("allowWatchBookmarks"),
            SendInitialEvents = Flag(query, "sendInitialEvents"),
        }.WithDefaults(watch);
        List<FieldError> errors = options.Validate(watch);
        if (errors.Count > 0)
        {
            Selection.RequireReadable(options);
            throw ApiErrors.Invalid(new GroupKind("meta.k8s.io", "ListOptions"), "", errors);
        }

        return options;
    }

    /// <summary>The resourceVersion must be a number; a list answers 400 otherwise, a watch 500, as upstream does.</summary>
    public void RequireRevision(bool watch)
    {
        try
        {
            _ = ResourceVersion.Length == 0 ? 0 : ParseRevision(ResourceVersion);
        }
        catch (StatusException fault) when (!watch)
        {
            throw ApiErrors.BadRequest($"invalid resource version: {fault.Status.Message}");
        }
    }

    /// <exception cref="StatusException">500: not a number.</exception>
    public static long ParseRevision(string text) => text.All(char.IsAsciiDigit) && long.TryParse(text, CultureInfo.InvariantCulture, out long revision)
        ? revision
        : throw new StatusException(new Status { Code = 500, Message = $"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax" });

    /// <summary>A watch that is shown what is there ends that with a bookmark where it may have any, whichever way it asked to be shown (apimachinery <c>SetListOptionsDefaults</c>).</summary>
    private ListOptions WithDefaults(bool watch) => watch && SendInitialEvents is null && ResourceVersionMatch.Length == 0 && (ResourceVersion is "" or "0")
        ? this with { SendInitialEvents = true, ResourceVersionMatch = NotOlderThan }
        : this;

    private List<FieldError> Validate(bool watch) => watch ? ValidateWatch() : ValidateList();

    private List<FieldError> ValidateList()
    {
        var errors = new List<FieldError>();
        if (ResourceVersionMatch.Length > 0)
        {
            if (ResourceVersion.Length == 0)
            {
                errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }

            if (Continue.Length > 0)
            {
                errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
            }

            if (ResourceVersionMatch is not ("Exact" or NotOlderThan))
            {
                errors.Add(FieldError.NotSupported("resourceVersionMatch", ResourceVersionMatch, "Exact", NotOlderThan, ""));
            }
            else if (ResourceVersionMatch == "Exact" && ResourceVersion == "0")
            {
                errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
            }
        }

        if (SendInitialEvents is not null)
        {
            errors.Add(FieldError.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }

        return errors;
    }

    private List<FieldError> ValidateWatch()
    {
        var errors = new List<FieldError>();
        if (SendInitialEvents is not null && ResourceVersionMatch != NotOlderThan)
        {
            errors.Add(FieldError.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
        }

        if (ResourceVersionMatch.Length == 0)
        {
            return errors;
        }

        if (SendInitialEvents is null)
        {
            errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        }

        if (ResourceVersionMatch != NotOlderThan)
        {
            errors.Add(FieldError.NotSupported("resourceVersionMatch", ResourceVersionMatch, NotOlderThan));
        }

        if (Continue.Length > 0)
        {
            errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
        }

        return errors;
    }

    private static long? Number(RequestQuery query, string name)
    {
        return query[name] is not { } text ? null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number
            : throw ApiErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    internal static bool? Flag(RequestQuery query, string name) => query.Has(name) ? query.Flag(name) : null;
}
