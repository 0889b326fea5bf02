using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>Which objects of a prefix a list or watch is about.</summary>
internal sealed class Selection
{
    private readonly LabelSelector labels;
    private readonly FieldSelector fields;

    private Selection(LabelSelector labels, FieldSelector fields)
    {
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
            FieldSelector fields = FieldSelector.Parse(options.FieldSelector);
            fields.Restrict(resource.Strategy.SelectableFields);
            return new Selection(LabelSelector.Parse(options.LabelSelector), fields);
        }
        catch (FormatException fault)
        {
            throw ApiErrors.BadRequest(fault.Message);
        }
    }

    /// <summary>Narrows to one object: the old spelling of a watch names it in the path.</summary>
    public Selection And(string name) => new(labels, FieldSelector.Parse($"metadata.name={name}"));

    public bool Matches(CachedObject item)
    {
        if (!labels.IsEverything && !labels.Matches(item.Labels))
        {
            return false;
        }

        if (fields.IsEverything)
        {
            return true;
        }

        KubeObject? parsed = null;
        return fields.Matches(field => field switch
        {
            "metadata.name" => item.Name,
            "metadata.namespace" => item.Namespace,
            _ => FieldText(parsed ??= KubeObject.Parse(item.Json.Span), field),
        });
    }

    private static string? FieldText(KubeObject item, string field)
    {
        string[] path = field.Split('.');
        return item.At(path) switch
        {
            { ValueKind: System.Text.Json.JsonValueKind.String } text => text.GetString(),
            { ValueKind: System.Text.Json.JsonValueKind.Null } or null => field == "spec.unschedulable" ? "false" : "",
            { } value => value.GetRawText(),
        };
    }
}
