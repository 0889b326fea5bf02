namespace Orrery.Helm;

/// <summary>What a template's <c>lookup</c> asks for.</summary>
/// <param name="ApiVersion">As <c>apps/v1</c>.</param>
/// <param name="Namespace">"" asks all namespaces, or for a kind that is in none.</param>
/// <param name="Name">"" asks for a list.</param>
public sealed record LookupQuery(string ApiVersion, string Kind, string Namespace, string Name)
{
    public override string ToString() => $"{Kind} {(Namespace.Length > 0 ? Namespace + "/" : "")}{(Name.Length > 0 ? Name : "*")}";
}
