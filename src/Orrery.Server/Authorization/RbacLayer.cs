using Orrery.Api;

namespace Orrery.Server.Authorization;

/// <summary>Roles and bindings of one layer (the shared base, or what one cluster has stored), indexed. Immutable.</summary>
internal sealed class RbacLayer
{
    public static readonly RbacLayer Empty = new([], []);

    private readonly Dictionary<(string Namespace, string Name), RbacRole> roles = [];
    private readonly Dictionary<(string Namespace, string Subject), List<(RbacBinding Binding, RbacSubject Subject)>> bySubject = [];

    /// <param name="objects">Objects of the four RBAC kinds.</param>
    /// <param name="hidden">Keys of the layer beneath that are overridden or deleted here: kind, namespace, name.</param>
    public RbacLayer(IEnumerable<KubeObject> objects, IEnumerable<(string Kind, string Namespace, string Name)> hidden)
    {
        Hidden = [.. hidden];
        foreach (KubeObject item in objects)
        {
            if (item.Kind is "Role" or "ClusterRole")
            {
                roles[(item.Namespace, item.Name)] = RbacRole.From(item);
            }
            else if (item.Kind is "RoleBinding" or "ClusterRoleBinding")
            {
                Add(RbacBinding.From(item));
            }
        }
    }

    public HashSet<(string Kind, string Namespace, string Name)> Hidden { get; }

    public IEnumerable<RbacRole> ClusterRoles => roles.Values.Where(r => r.Namespace.Length == 0);

    /// <param name="ns">Empty for a ClusterRole.</param>
    public RbacRole? Role(string ns, string name) => roles.GetValueOrDefault((ns, name));

    /// <param name="ns">Empty for ClusterRoleBindings.</param>
    public IReadOnlyList<(RbacBinding Binding, RbacSubject Subject)> Bindings(string ns, string subject) =>
        bySubject.TryGetValue((ns, subject), out List<(RbacBinding, RbacSubject)>? found) ? found : [];

    private void Add(RbacBinding binding)
    {
        foreach (RbacSubject subject in binding.Subjects)
        {
            if (subject.Key is not { } key)
            {
                continue;
            }

            if (!bySubject.TryGetValue((binding.Namespace, key), out List<(RbacBinding, RbacSubject)>? list))
            {
                bySubject[(binding.Namespace, key)] = list = [];
            }

            list.Add((binding, subject));
        }
    }
}
