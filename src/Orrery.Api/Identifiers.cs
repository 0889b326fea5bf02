namespace Orrery.Api;

/// <summary>A resource without its version, such as <c>deployments.apps</c>; the core group is the empty string.</summary>
public readonly record struct GroupResource(string Group, string Resource)
{
    /// <summary><c>deployments.apps</c>, or <c>pods</c> in the core group: the form used in Status messages.</summary>
    public override string ToString() => Group.Length == 0 ? Resource : $"{Resource}.{Group}";
}

/// <summary>A resource as it stands in a path: <c>/apis/{Group}/{Version}/{Resource}</c>.</summary>
public readonly record struct GroupVersionResource(string Group, string Version, string Resource)
{
    public GroupResource GroupResource => new(Group, Resource);

    /// <summary><c>v1</c> in the core group, otherwise <c>group/version</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Path of the group version without trailing slash: <c>/api/v1</c> or <c>/apis/apps/v1</c>.</summary>
    public string GroupVersionPath => Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";

    public override string ToString() => $"{Resource}.{Version}.{Group}".TrimEnd('.');
}

/// <summary>A kind without its version.</summary>
public readonly record struct GroupKind(string Group, string Kind)
{
    /// <summary>Whether it is one of Kubernetes itself: no group of anybody else's is without a dot or within <c>k8s.io</c>. Others have kinds of the same names, which are something else.</summary>
    public bool IsUpstream => !Group.Contains('.', StringComparison.Ordinal) || Group.EndsWith(".k8s.io", StringComparison.Ordinal);

    public override string ToString() => Group.Length == 0 ? Kind : $"{Kind}.{Group}";
}

/// <summary>What an object says of itself in <c>apiVersion</c> and <c>kind</c>.</summary>
public readonly record struct GroupVersionKind(string Group, string Version, string Kind)
{
    /// <summary><c>v1</c> in the core group, otherwise <c>group/version</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public GroupKind GroupKind => new(Group, Kind);

    /// <summary>Splits <c>apps/v1</c> or <c>v1</c>. Everything before the first slash is the group.</summary>
    public static GroupVersionKind From(string apiVersion, string kind)
    {
        int slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? new GroupVersionKind("", apiVersion, kind)
            : new GroupVersionKind(apiVersion[..slash], apiVersion[(slash + 1)..], kind);
    }

    /// <summary><c>apps/v1, Kind=Deployment</c>: the form used in upstream messages.</summary>
    public override string ToString() => $"{(Group.Length == 0 ? "" : Group)}/{Version}, Kind={Kind}";
}

/// <summary>
/// Names one Kubernetes API that a server serves: the root cluster (both parts empty) or the virtual cluster
/// <c>{Namespace}/{Name}</c>, reached under <see cref="PathPrefix"/>.
/// </summary>
public readonly record struct ClusterName(string Namespace, string Name)
{
    public static readonly ClusterName Root = new("", "");

    /// <summary>Stands for every virtual cluster of the server at once, root not among them; only list and watch accept it.</summary>
    public static readonly ClusterName All = new("*", "*");

    public bool IsRoot => Namespace.Length == 0;

    public bool IsAll => Namespace == "*";

    /// <summary>Empty for root, <c>/clusters/*</c> for all, otherwise <c>/clusters/{Namespace}/{Name}</c>.</summary>
    public string PathPrefix => IsRoot ? "" : IsAll ? "/clusters/*" : $"/clusters/{Namespace}/{Name}";

    /// <summary>Reads <c>namespace/name</c>; the empty string is root.</summary>
    /// <exception cref="FormatException">Not of that form.</exception>
    public static ClusterName Parse(string text)
    {
        if (text.Length == 0)
        {
            return Root;
        }

        string[] parts = text.Split('/');
        return parts.Length == 2 && parts[0].Length > 0 && parts[1].Length > 0
            ? new ClusterName(parts[0], parts[1])
            : throw new FormatException($"'{text}' is not a virtual cluster: want namespace/name");
    }

    /// <summary><c>namespace/name</c>, or the empty string for root: what <see cref="Parse"/> reads.</summary>
    public override string ToString() => IsRoot ? "" : $"{Namespace}/{Name}";
}
