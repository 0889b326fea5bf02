using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// Server-side apply of a Scale: whoever owns the replicas of the object owns those of its Scale, and the other way round
/// (apimachinery <c>pkg/util/managedfields/scalehandler.go</c>).
/// </summary>
public static class ScaleApply
{
    private static readonly GroupVersionKind Kind = new("autoscaling", "v1", "Scale");
    private static readonly FieldSet Replicas = FieldSet.OfNames("spec", "replicas");

    /// <summary>Merges and settles who owns the replicas: returns the merged Scale and sets the managedFields of <paramref name="parent"/> in place.</summary>
    /// <param name="parent">The object that is scaled.</param>
    /// <param name="scale">Its Scale, without managedFields.</param>
    /// <param name="applied">The Scale that the manager wants, as sent.</param>
    /// <param name="path">Members on the way to the object's replicas.</param>
    /// <exception cref="StatusException">As <see cref="FieldManager.Apply"/>.</exception>
    public static JsonObject Merge(JsonObject parent, JsonObject scale, JsonObject applied, string[] path, string manager, bool force, DateTimeOffset now)
    {
        FieldSet ownPath = FieldSet.OfNames(path);
        ManagedFields managed = ManagedFields.Decode(parent.NodeAt("metadata", "managedFields"));

        // 1. The owners of the replicas own those of the Scale.
        var ofScale = new ManagedFields();
        foreach (ManagedEntry entry in managed.Entries.Where(e => Owns(e, ownPath)))
        {
            ManagerIdentity identity = entry.Identity.IsApply ? entry.Identity : entry.Identity with { ApiVersion = Kind.ApiVersion };
            ofScale.Set(new ManagedEntry(identity, Kind.ApiVersion, Replicas, entry.Time));
        }

        var live = (JsonObject)scale.DeepClone();
        if (ofScale.Encode() is { } encoded)
        {
            live.Metadata["managedFields"] = encoded;
        }

        // 2. The Scale is applied like any object.
        Schema schema = BuiltinTypes.Instance.Find(Kind) ?? throw new InvalidOperationException($"no type is known for {Kind}");
        JsonObject merged = FieldManager.Apply(live, applied, schema, manager, force, "scale", now);

        // 3. Who owns the replicas now? Those that lost them lose them in the object; new owners come without a time.
        var owners = ManagedFields.Decode(merged.NodeAt("metadata", "managedFields")).Entries
            .Where(e => Owns(e, Replicas)).Select(e => Name(e.Identity)).ToHashSet();
        foreach (ManagedEntry entry in managed.Entries.Where(e => Owns(e, ownPath)).ToList())
        {
            if (!owners.Remove(Name(entry.Identity)))
            {
                managed.Set(entry with { Fields = entry.Fields.Difference(ownPath) });
            }
        }

        foreach ((string name, string operation, string subresource) in owners)
        {
            managed.Set(new ManagedEntry(new ManagerIdentity(name, operation, operation == ManagerIdentity.Apply ? "" : parent.ApiVersion, subresource), parent.ApiVersion, ownPath, null));
        }

        if (managed.Encode() is { } settled)
        {
            parent.Metadata["managedFields"] = settled;
        }

        merged.Metadata.Remove("managedFields");
        return merged;
    }

    private static bool Owns(ManagedEntry entry, FieldSet path) => !entry.Fields.Intersection(path).IsEmpty;

    private static (string Manager, string Operation, string Subresource) Name(ManagerIdentity identity) => (identity.Manager, identity.Operation, identity.Subresource);
}
