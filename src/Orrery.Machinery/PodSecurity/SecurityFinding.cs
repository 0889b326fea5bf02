namespace Orrery.Machinery.PodSecurity;

/// <summary>Why a pod does not meet a level.</summary>
/// <param name="Reason">Short: <c>host namespaces</c>.</param>
/// <param name="Detail">Which part of the pod: <c>hostNetwork=true</c>; may be empty.</param>
public sealed record SecurityFinding(string Reason, string Detail)
{
    public override string ToString() => Detail.Length == 0 ? Reason : $"{Reason} ({Detail})";
}

/// <summary>Words of findings.</summary>
internal static class Wording
{
    public static string Plural(string one, string many, int count) => count == 1 ? one : many;

    public static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(n => $"\"{n}\""));

    /// <summary><c>container "a"</c> or <c>containers "a", "b"</c>.</summary>
    public static string Containers(IReadOnlyCollection<string> names) => $"{Plural("container", "containers", names.Count)} {Quoted(names)}";

    /// <summary>The pod, its containers, or both: <c>pod and container "a"</c>.</summary>
    public static string Setters(bool pod, IReadOnlyCollection<string> containers) =>
        containers.Count == 0 ? "pod" : pod ? $"pod and {Containers(containers)}" : Containers(containers);
}
