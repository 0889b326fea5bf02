using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>
/// What a kind adds to the general treatment of objects: upstream's defaulting, validation and strategy
/// (<c>pkg/apis/*/v1/defaults.go</c>, <c>pkg/apis/*/validation</c>, <c>pkg/registry/*/strategy.go</c>). Stateless; one instance
/// serves every cluster. Each method may be handed an object in any shape that decodes.
/// </summary>
internal abstract class KindRule
{
    /// <summary>The status is written through its subresource alone.</summary>
    public virtual bool HasStatus => false;

    /// <summary>A new object may carry its status (a kubelet registers a node with one).</summary>
    public virtual bool AcceptsStatusOnCreate => false;

    /// <summary><c>metadata.generation</c> counts changes of the desired state.</summary>
    public virtual bool CountsGeneration => false;

    /// <summary>A PUT that names no object makes it.</summary>
    public virtual bool CreatesOnUpdate => false;

    /// <summary>What a field selector may name beside <c>metadata.name</c> and <c>metadata.namespace</c>; null where the kind offers nothing of its own.</summary>
    public virtual IReadOnlyList<SelectableField>? Fields => null;

    /// <summary>False for the few kinds whose own validation upstream leaves metadata out: it is looked at by general rules alone, and only when nothing else is wrong.</summary>
    public virtual bool ChecksMetadata => true;

    /// <summary>A finalizer must say whose it is. False for the kinds whose validation upstream takes from apimachinery alone.</summary>
    public virtual bool ChecksFinalizerOwners => true;

    public virtual IReadOnlyList<string> CheckName(string name) => Names.CheckDns1123Subdomain(name);

    public virtual void Default(JsonObject o)
    {
    }

    /// <summary>After the general treatment: status dropped, generation one.</summary>
    public virtual void PrepareForCreate(JsonObject o)
    {
    }

    /// <summary>After the general treatment: status taken from the old object. Runs before the generation is decided.</summary>
    public virtual void PrepareForUpdate(JsonObject o, JsonObject old)
    {
    }

    /// <summary>After the general treatment: everything but status and metadata taken from the old object.</summary>
    public virtual void PrepareForStatusUpdate(JsonObject o, JsonObject old)
    {
    }

    /// <summary>The subresource <c>approval</c>. After the general treatment: everything but status and metadata taken from the old object.</summary>
    public virtual void PrepareForApproval(JsonObject o, JsonObject old)
    {
    }

    /// <summary>Any other subresource, such as <c>resize</c>. Before the generation is decided.</summary>
    public virtual void PrepareForOther(string subresource, JsonObject o, JsonObject old)
    {
    }

    /// <summary>Whether a change asks for a new generation.</summary>
    public virtual bool ChangesDesiredState(JsonObject o, JsonObject old) => !JsonFields.Same(o["spec"], old["spec"]);

    /// <summary>Everything but metadata.</summary>
    public virtual void Validate(JsonObject o, Faults faults)
    {
    }

    /// <summary>Everything but metadata, where a new object must hold to more than one that is there.</summary>
    public virtual void ValidateCreate(JsonObject o, Faults faults) => Validate(o, faults);

    /// <summary>Everything but metadata.</summary>
    public virtual void ValidateUpdate(JsonObject o, JsonObject old, Faults faults) => Validate(o, faults);

    public virtual void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
    }

    /// <summary>The subresource <c>approval</c>.</summary>
    public virtual void ValidateApproval(JsonObject o, JsonObject old, Faults faults)
    {
    }

    /// <summary>Any other subresource, such as <c>resize</c>.</summary>
    public virtual void ValidateOtherUpdate(string subresource, JsonObject o, JsonObject old, Faults faults)
    {
    }
}
