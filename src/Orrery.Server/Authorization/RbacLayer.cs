using System.Collections.Immutable;
using Orrery.Api;

namespace Orrery.Server.Authorization;

/// <summary>
/// Roles and bindings of one layer (the shared base, or what one cluster has stored), indexed. Immutable; a layer that differs in a few objects is made from
/// another for the price of these few, however many there are.
/// </summary>
internal sealed class RbacLayer
{
    public static readonly RbacLayer Empty = new(
        ImmutableDictionary<(string, string), RbacRole>.Empty, ImmutableDictionary<(string, string), RbacBinding>.Empty,
        ImmutableDictionary<(string, string), ImmutableArray<(RbacBinding, RbacSubject)>>.Empty, ImmutableHashSet<(string, string, string)>.Empty, ImmutableDictionary<string, RbacRole>.Empty);

    private readonly ImmutableDictionary<(string Namespace, string Name), RbacRole> roles;
    private readonly ImmutableDictionary<(string Namespace, string Name), RbacBinding> bindings;
    private readonly ImmutableDictionary<(string Namespace, string Subject), ImmutableArray<(RbacBinding Binding, RbacSubject Subject)>> bySubject;
    private readonly ImmutableHashSet<(string Kind, string Namespace, string Name)> hidden;
    private readonly ImmutableDictionary<string, RbacRole> aggregating;

    private RbacLayer(
        ImmutableDictionary<(string, string), RbacRole> roles,
        ImmutableDictionary<(string, string), RbacBinding> bindings,
        ImmutableDictionary<(string, string), ImmutableArray<(RbacBinding, RbacSubject)>> bySubject,
        ImmutableHashSet<(string, string, string)> hidden,
        ImmutableDictionary<string, RbacRole> aggregating)
    {
        this.roles = roles;
        this.bindings = bindings;
        this.bySubject = bySubject;
        this.hidden = hidden;
        this.aggregating = aggregating;
    }

    public bool HidesNothing => hidden.IsEmpty;

    public IEnumerable<RbacRole> ClusterRoles => roles.Values.Where(r => r.Namespace.Length == 0);

    /// <summary>The ClusterRoles with an aggregationRule.</summary>
    public IEnumerable<RbacRole> Aggregating => aggregating.Values;

    /// <summary>A layer beneath all others.</summary>
    /// <param name="objects">Objects of the four RBAC kinds.</param>
    public static RbacLayer Of(IEnumerable<KubeObject> objects) => Empty.With(objects.Select(o => new RbacChange(o.Kind, o.Namespace, o.Name, o)), hides: false);

    /// <summary>This layer after some changes. Whatever is or was stored here hides what has its name in the layer beneath.</summary>
    public RbacLayer With(IEnumerable<RbacChange> changes) => With(changes, hides: true);

    /// <summary>Whether an object of the layer beneath is overridden or deleted here.</summary>
    public bool Hides(string kind, string ns, string name) => hidden.Contains((kind, ns, name));

    /// <param name="ns">Empty for a ClusterRole.</param>
    public RbacRole? Role(string ns, string name) => roles.GetValueOrDefault((ns, name));

    /// <summary>By the name of the binding.</summary>
    /// <param name="ns">Empty for ClusterRoleBindings.</param>
    public ImmutableArray<(RbacBinding Binding, RbacSubject Subject)> Bindings(string ns, string subject) =>
        bySubject.TryGetValue((ns, subject), out ImmutableArray<(RbacBinding, RbacSubject)> found) ? found : [];

    private RbacLayer With(IEnumerable<RbacChange> changes, bool hides)
    {
        ImmutableDictionary<(string, string), RbacRole>.Builder newRoles = roles.ToBuilder();
        ImmutableDictionary<(string, string), RbacBinding>.Builder newBindings = bindings.ToBuilder();
        ImmutableDictionary<(string, string), ImmutableArray<(RbacBinding, RbacSubject)>>.Builder newBySubject = bySubject.ToBuilder();
        ImmutableHashSet<(string, string, string)>.Builder newHidden = hidden.ToBuilder();
        ImmutableDictionary<string, RbacRole>.Builder newAggregating = aggregating.ToBuilder();
        foreach (RbacChange change in changes)
        {
            (string, string) key = (change.Namespace, change.Name);
            if (change.IsRole)
            {
                newRoles.Remove(key);
                if (change.Namespace.Length == 0)
                {
                    newAggregating.Remove(change.Name);
                }

                if (change.Current is { } role)
                {
                    var read = RbacRole.From(role);
                    newRoles[key] = read;
                    if (read is { Namespace.Length: 0, Aggregates: not null })
                    {
                        newAggregating[change.Name] = read;
                    }
                }
            }
            else
            {
                if (newBindings.TryGetValue(key, out RbacBinding? former))
                {
                    newBindings.Remove(key);
                    Remove(newBySubject, former);
                }

                if (change.Current is { } binding)
                {
                    var read = RbacBinding.From(binding);
                    newBindings[key] = read;
                    Add(newBySubject, read);
                }
            }

            if (hides)
            {
                (string, string, string) stored = (change.Kind, change.Namespace, change.Name);
                _ = change.IsGone ? newHidden.Remove(stored) : newHidden.Add(stored);
            }
        }

        return new RbacLayer(newRoles.ToImmutable(), newBindings.ToImmutable(), newBySubject.ToImmutable(), newHidden.ToImmutable(), newAggregating.ToImmutable());
    }

    private static void Add(ImmutableDictionary<(string, string), ImmutableArray<(RbacBinding Binding, RbacSubject Subject)>>.Builder bySubject, RbacBinding binding)
    {
        foreach (RbacSubject subject in binding.Subjects)
        {
            if (subject.Key is { } key)
            {
                ImmutableArray<(RbacBinding Binding, RbacSubject Subject)> known = bySubject.TryGetValue((binding.Namespace, key), out ImmutableArray<(RbacBinding, RbacSubject)> found) ? found : [];
                int at = known.Length;
                while (at > 0 && string.CompareOrdinal(known[at - 1].Binding.Name, binding.Name) > 0)
                {
                    at--;
                }

                bySubject[(binding.Namespace, key)] = known.Insert(at, (binding, subject));
            }
        }
    }

    private static void Remove(ImmutableDictionary<(string, string), ImmutableArray<(RbacBinding Binding, RbacSubject Subject)>>.Builder bySubject, RbacBinding binding)
    {
        foreach (string key in binding.Subjects.Select(s => s.Key).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            ImmutableArray<(RbacBinding Binding, RbacSubject Subject)> left = bySubject[(binding.Namespace, key)].RemoveAll(grant => ReferenceEquals(grant.Binding, binding));
            if (left.IsEmpty)
            {
                bySubject.Remove((binding.Namespace, key));
            }
            else
            {
                bySubject[(binding.Namespace, key)] = left;
            }
        }
    }
}

/// <summary>One object of a layer that is new, changed or gone.</summary>
/// <param name="Kind">Of the four RBAC kinds.</param>
/// <param name="Current">Null for one that is gone, and for one that stands for the deletion of what has its name in the layer beneath.</param>
/// <param name="IsGone">Nothing of the name is stored any more.</param>
internal readonly record struct RbacChange(string Kind, string Namespace, string Name, KubeObject? Current, bool IsGone = false)
{
    public bool IsRole => Kind is "Role" or "ClusterRole";
}
