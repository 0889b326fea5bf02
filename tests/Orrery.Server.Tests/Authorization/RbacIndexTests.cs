using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;

namespace Orrery.Server.Tests.Authorization;

public sealed class RbacIndexTests
{
    private static readonly string[] Users = ["ann", "ben"];
    private static readonly string[] Groups = ["devs", "ops"];
    private static readonly string[] Verbs = ["get", "list", "create"];
    private static readonly string[] Names = ["r0", "r1", "r2", "base"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void With_OneChangeAfterTheOther_DecidesAsOneMadeOfAllAtOnce(int seed)
    {
        var chance = new Random(seed);
        RbacLayer below = RbacLayer.Of([Role("ClusterRole", "", "base", "get", "edit"), Gathering("all"), Binding("ClusterRoleBinding", "", "base", "ClusterRole", "base", "Group", "devs")]);
        var stored = new SortedDictionary<(string Kind, string Namespace, string Name), KubeObject?>();
        var index = new RbacIndex(below, RbacLayer.Empty);
        for (int step = 0; step < 400; step++)
        {
            RbacChange change = Change(chance);
            (string, string, string) key = (change.Kind, change.Namespace, change.Name);
            if (change.IsGone && !stored.Remove(key))
            {
                continue;
            }

            if (!change.IsGone)
            {
                stored[key] = change.Current;
            }

            index = index.With([change]);
            var anew = new RbacIndex(below, RbacLayer.Empty.With(stored.Select(s => new RbacChange(s.Key.Kind, s.Key.Namespace, s.Key.Name, s.Value))));

            Assert.Equal(anew.AggregatedNames.Order(), index.AggregatedNames.Order());
            Assert.All(Names.Append("all"), name => Assert.Equal(anew.Aggregated(name)?.Select(r => r.ToCompactString()), index.Aggregated(name)?.Select(r => r.ToCompactString())));
            foreach (AuthorizationAttributes asked in Questions())
            {
                Assert.Equal(anew.Authorize(asked), index.Authorize(asked));
            }
        }
    }

    private static RbacChange Change(Random chance)
    {
        bool wide = chance.Next(2) == 0, role = chance.Next(2) == 0;
        string kind = (wide ? "Cluster" : "") + (role ? "Role" : "RoleBinding"), ns = wide ? "" : "shop", name = Pick(Names, chance);
        return chance.Next(5) switch
        {
            0 => new RbacChange(kind, ns, name, null, IsGone: true),
            1 when wide => new RbacChange(kind, ns, name, null),
            _ when !role => new RbacChange(kind, ns, name, chance.Next(2) == 0
                ? Binding(kind, ns, name, wide || chance.Next(2) == 0 ? "ClusterRole" : "Role", Pick([.. Names, "all"], chance), "User", Pick(Users, chance))
                : Binding(kind, ns, name, "ClusterRole", Pick([.. Names, "all"], chance), "Group", Pick(Groups, chance))),
            2 when wide => new RbacChange(kind, ns, name, Gathering(name)),
            _ => new RbacChange(kind, ns, name, Role(kind, ns, name, Pick(Verbs, chance), Pick(["edit", "view"], chance))),
        };
    }

    private static IEnumerable<AuthorizationAttributes> Questions() =>
        from user in Users from @group in Groups from verb in Verbs from ns in (string[])["", "shop"]
        select new AuthorizationAttributes { User = new UserInfo { Name = user, Groups = [@group], Scope = new ClusterScope(ClusterName.Root) }, Cluster = ClusterName.Root, Verb = verb, Resource = "pods", Namespace = ns };

    private static string Pick(string[] of, Random chance) => of[chance.Next(of.Length)];

    private static KubeObject Role(string kind, string ns, string name, string verb, string gathered) => Parse($$"""
        {"kind": "{{kind}}", "metadata": {"name": "{{name}}", "namespace": "{{ns}}", "labels": {"to": "{{gathered}}"} }, "rules": [{"verbs": ["{{verb}}"], "apiGroups": [""], "resources": ["pods"]}] }
        """);

    private static KubeObject Gathering(string name) => Parse($$"""
        {"kind": "ClusterRole", "metadata": {"name": "{{name}}"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "edit"} }] }, "rules": [] }
        """);

    private static KubeObject Binding(string kind, string ns, string name, string roleKind, string role, string subjectKind, string subject) => Parse($$"""
        {"kind": "{{kind}}", "metadata": {"name": "{{name}}", "namespace": "{{ns}}"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "{{roleKind}}", "name": "{{role}}"},
         "subjects": [{"kind": "{{subjectKind}}", "name": "{{subject}}", "apiGroup": "rbac.authorization.k8s.io"}] }
        """);

    private static KubeObject Parse(string json) => KubeObject.Parse(System.Text.Encoding.UTF8.GetBytes(json));
}
