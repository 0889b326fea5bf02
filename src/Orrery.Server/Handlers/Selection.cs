using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>Which objects of a prefix a list or watch is about.</summary>
internal sealed class Selection
{
    private readonly LabelSelector labels;
    private readonly FieldSelector fields;

    private readonly IReadOnlyList<SelectableField>? selectable;

    private Selection(LabelSelector labels, FieldSelector fields, IReadOnlyList<SelectableField>? selectable)
    {
        this.selectable = selectable;
        this.labels = labels;
        this.fields = fields;
    }

    public bool IsEverything => labels.IsEverything && fields.IsEverything;

    /// <summary>The one name that objects must have, or null.</summary>
    public string? Name => fields.Exact("metadata.name");

    /// <exception cref="StatusException">400: a selector cannot be read, or names a field that the kind does not offer.</exception>
    public static Selection Read(ListOptions options, ResourceDefinition resource)
    {
        try
        {
            LabelSelector labels = LabelSelector.Parse(options.LabelSelector);
            FieldSelector fields = FieldSelector.Parse(options.FieldSelector);
            IReadOnlyList<SelectableField>? selectable = resource.Strategy.SelectableFields;

            // Of what lives in no namespace, kinds that say nothing of their fields let it pass.
            if (!resource.Namespaced && (resource.IsCustom || selectable is not null) && fields.Requirements.Any(r => r.Field == "metadata.namespace"))
            {
                throw new FormatException("field label not supported: metadata.namespace");
            }

            fields.Restrict(selectable?.Select(f => f.Name).ToArray());
            return new Selection(labels, fields, selectable);
        }
        catch (FormatException fault)
        {
            throw ApiErrors.BadRequest(fault.Message);
        }
    }

    /// <exception cref="StatusException">400: a selector cannot be read, whatever the fields that the kind offers.</exception>
    public static void RequireReadable(ListOptions options)
    {
        try
        {
            _ = LabelSelector.Parse(options.LabelSelector);
            _ = FieldSelector.Parse(options.FieldSelector);
        }
        catch (FormatException fault)
        {
            throw ApiErrors.BadRequest(fault.Message);
        }
    }

    /// <summary>Narrows to one object: the old spelling of a watch names it in the path.</summary>
    /// <exception cref="StatusException">400: the fields that are asked for do not say the same name.</exception>
    public Selection And(string name) => fields.IsEverything ? new(labels, FieldSelector.Parse($"metadata.name={name}"), selectable)
        : Name == name ? this
        : throw ApiErrors.BadRequest("fieldSelector metadata.name doesn't match requested name");

    /// <summary>Asks for fields that versions of one resource have each in its own way.</summary>
    public bool LooksInside => fields.Requirements.Any(r => r.Field is not ("metadata.name" or "metadata.namespace"));

    /// <summary>What can be said without looking into an object: no version of it differs in that.</summary>
    public bool MatchesLabels(CachedObject item) => labels.IsEverything || labels.Matches(item.Labels);

    /// <param name="item">In the version that is asked for.</param>
    public bool Matches(CachedObject item) => MatchesLabels(item) && (fields.IsEverything || MatchesFields(item));

    private bool MatchesFields(CachedObject item)
    {
        KubeObject? parsed = null;
        return fields.Matches(field => field switch
        {
            "metadata.name" => item.Name,
            "metadata.namespace" => item.Namespace,
            _ => selectable!.First(f => f.Name == field).Read((parsed ??= KubeObject.Parse(item.Json.Span)).Json),
        });
    }
}
