using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>metav1 DeleteOptions, from the body where there is one and otherwise from the query.</summary>
internal sealed record DeleteOptions
{
    public bool DryRun => SaidDryRun.Count > 0;

    /// <summary>As the client said it.</summary>
    private JsonArray SaidDryRun { get; init; } = [];

    /// <summary>Null: the kind's own default.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c>, <c>Orphan</c>, or null: the kind's own default.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>What the kind's own default is: what the object owns stays, unless a finalizer of it says otherwise already.</summary>
    public bool OrphansUnlessSaid { get; init; }

    /// <summary>The policy's old spelling; null when unsaid.</summary>
    private bool? OrphanDependents { get; init; }

    /// <summary>By the old spelling: then, and only then, upstream answers 202 for what is not gone at once.</summary>
    public bool IsOldCascade => OrphanDependents == false;

    /// <summary>Must be the object's uid when not null.</summary>
    public string? Uid { get; init; }

    /// <summary>Must be the object's resourceVersion when not null.</summary>
    public string? ResourceVersion { get; init; }

    public static DeleteOptions Read(RequestQuery query, JsonObject? body) => Checked(body is null ? FromQuery(query) : FromBody(body));

    /// <summary>Those of an eviction: its own, tried where the request that creates it is (upstream's <c>propagateDryRun</c>).</summary>
    public static DeleteOptions OfEviction(WriteOptions creation, JsonObject? own)
    {
        DeleteOptions options = FromBody(own ?? []);
        return Checked(creation.DryRun && !options.DryRun ? options with { SaidDryRun = new JsonArray("All") } : options);
    }

    private static DeleteOptions Checked(DeleteOptions options)
    {
        var errors = new List<FieldError>();
        if (options.OrphanDependents is not null && options.PropagationPolicy is not null)
        {
            errors.Add(FieldError.Invalid("propagationPolicy", options.PropagationPolicy, "orphanDependents and deletionPropagation cannot be both set"));
        }

        if (options.PropagationPolicy is not (null or "Background" or "Foreground" or "Orphan"))
        {
            errors.Add(FieldError.NotSupported("propagationPolicy", options.PropagationPolicy, "Foreground", "Background", "Orphan", "nil"));
        }

        if (options.SaidDryRun.Any(v => v is not JsonValue value || !value.TryGetValue(out string? text) || text != "All"))
        {
            errors.Add(FieldError.NotSupported("dryRun", options.SaidDryRun.DeepClone(), "All"));
        }

        if (errors.Count == 0 && options.OrphanDependents is { } orphan)
        {
            return options with { PropagationPolicy = orphan ? "Orphan" : "Background" };
        }

        return errors.Count == 0 ? options : throw ApiErrors.Invalid(new GroupKind("meta.k8s.io", "DeleteOptions"), "", errors);
    }

    /// <summary>The options as the object that admission is shown.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "meta.k8s.io/v1" };
        if (GracePeriodSeconds is { } grace)
        {
            json["gracePeriodSeconds"] = grace;
        }

        if (Uid is not null || ResourceVersion is not null)
        {
            var preconditions = new JsonObject();
            if (Uid is not null)
            {
                preconditions["uid"] = Uid;
            }

            if (ResourceVersion is not null)
            {
                preconditions["resourceVersion"] = ResourceVersion;
            }

            json["preconditions"] = preconditions;
        }

        if (PropagationPolicy is not null)
        {
            json["propagationPolicy"] = PropagationPolicy;
        }

        if (DryRun)
        {
            json["dryRun"] = new JsonArray("All");
        }

        return json;
    }

    private static DeleteOptions FromQuery(RequestQuery query) => new()
    {
        SaidDryRun = [.. query.All("dryRun").Select(v => (JsonNode?)v)],
        GracePeriodSeconds = query["gracePeriodSeconds"] is { } grace ? ReadNumber(grace) : null,
        PropagationPolicy = query["propagationPolicy"],
        OrphanDependents = ListOptions.Flag(query, "orphanDependents"),

        // Preconditions too, by names that a list has as well: of a collection that is asked for at a revision each object must be of that one (metav1 Convert_url_Values_To_v1_DeleteOptions).
        Uid = query["uid"] is { Length: > 0 } uid ? uid : null,
        ResourceVersion = query["resourceVersion"] is { Length: > 0 } version ? version : null,
    };

    private static DeleteOptions FromBody(JsonObject body) => new()
    {
        SaidDryRun = body["dryRun"] as JsonArray ?? [],
        GracePeriodSeconds = body.NumberAt("gracePeriodSeconds"),
        PropagationPolicy = body.TextAt("propagationPolicy"),
        OrphanDependents = body.FlagAt("orphanDependents"),
        Uid = body.TextAt("preconditions", "uid"),
        ResourceVersion = body.TextAt("preconditions", "resourceVersion"),
    };

    private static long ReadNumber(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
        ? number
        : throw ApiErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
}
