using System.Text.Json.Nodes;
using Orrery.Machinery.Cel;

namespace Orrery.Machinery.Admission;

/// <summary>What the expressions of admission look at. Nothing of it is changed.</summary>
public sealed record AdmissionInput
{
    /// <summary>Null on delete.</summary>
    public JsonObject? Object { get; init; }

    /// <summary>Null on create.</summary>
    public JsonObject? Old { get; init; }

    /// <summary>An <c>admission.k8s.io/v1</c> AdmissionRequest without its objects.</summary>
    public required JsonObject Request { get; init; }

    /// <summary>The namespace that the object is in; null for a cluster-scoped one.</summary>
    public JsonObject? Namespace { get; init; }

    /// <summary>Null where a policy has none.</summary>
    public JsonObject? Params { get; init; }

    public required ICelAuthorizer Authorizer { get; init; }

    /// <summary>The very thing that the request is about: <c>authorizer.requestResource</c>.</summary>
    public required CelAccess RequestResource { get; init; }

    /// <summary>As match conditions see it: without the namespace, and of the resource that was asked for, whichever version of it the rules name.</summary>
    internal AdmissionInput OfConditions()
    {
        var request = (JsonObject)Request.DeepClone();
        request["resource"] = request["requestResource"]?.DeepClone();
        return this with { Namespace = null, Request = request };
    }
}
