using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class EventRule : KindRule
{
    public override bool CreatesOnUpdate => true;

    public override bool ChecksMetadata => false;

    public override IReadOnlyList<SelectableField>? Fields { get; } =
    [
        new("involvedObject.kind"), new("involvedObject.namespace"), new("involvedObject.name"), new("involvedObject.uid"), new("involvedObject.apiVersion"),
        new("involvedObject.resourceVersion"), new("involvedObject.fieldPath"), new("reason"), new("reportingComponent"), new("type"),
        new("source") { Path = "source.component", Otherwise = new("reportingComponent") },
    ];

    /// <summary>Go writes these texts even when they are not set.</summary>
    public override void Default(JsonObject o)
    {
        o.ObjectAt("involvedObject");
        o.ObjectAt("source");
        o.Fill("reportingComponent", "");
        o.Fill("reportingInstance", "");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        string about = o.ObjectAt("involvedObject").Text("namespace");
        bool clusterScoped = about.Length == 0 && o.Namespace is "default" or "kube-system";
        if (about != o.Namespace && !clusterScoped)
        {
            faults.Invalid("involvedObject.namespace", about, "does not match event.namespace");
        }
    }
}

/// <summary>The same events under their newer name: other words for some fields.</summary>
internal sealed class NewEventRule : KindRule
{
    public override bool CreatesOnUpdate => true;

    public override bool ChecksMetadata => false;

    /// <summary>By the words of today, read where they are stored: in those of the core group.</summary>
    public override IReadOnlyList<SelectableField>? Fields { get; } =
    [
        .. ((string[])["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]).Select(f => new SelectableField($"regarding.{f}") { Path = $"involvedObject.{f}" }),
        new("reason"), new("reportingController") { Path = "reportingComponent" }, new("type"),
    ];

    public override void Default(JsonObject o)
    {
        o.ObjectAt("regarding");
        o.ObjectAt("deprecatedSource");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        if (o["eventTime"] is null)
        {
            faults.Required("eventTime");
        }

        faults.OneOf("type", o.Text("type"), "Normal", "Warning");
        foreach (string member in new[] { "reportingController", "reportingInstance", "action", "reason" })
        {
            if (o.Text(member).Length == 0)
            {
                faults.Required(member);
            }
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        // Only the series may change; events written under the old name do not have all of the new fields.
    }
}
