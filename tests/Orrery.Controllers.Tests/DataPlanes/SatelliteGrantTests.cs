using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.DataPlanes;

namespace Orrery.Controllers.Tests.DataPlanes;

public sealed class SatelliteGrantTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void IsSame_WhatWasWritten_GrantsExactlyThat(bool renewsLease)
    {
        KubeObject dataPlane = DataPlane("pa2");
        KubeObject[] written = [.. SatelliteAccess.Objects(dataPlane, renewsLease).Select(g => KubeObject.From(g.ToJson(dataPlane)))];

        SatelliteGrant[] wanted = [.. SatelliteAccess.Objects(dataPlane, renewsLease)];

        Assert.Equal(6, written.Length);
        for (int i = 0; i < written.Length; i++)
        {
            Assert.Equal((wanted[i].Kind, wanted[i].Namespace, wanted[i].Name), (written[i].Kind, written[i].Namespace, written[i].Name));
            Assert.All(wanted, (grant, other) => Assert.Equal(other == i, grant.IsSame(written[i])));
        }
    }

    [Fact]
    public void IsSame_OfAnotherDataPlane_IsNotBeyondWhatAllHave()
    {
        KubeObject one = DataPlane("pa2"), other = DataPlane("ny8");
        KubeObject[] written = [.. SatelliteAccess.Objects(one, renewsLease: false).Select(g => KubeObject.From(g.ToJson(one)))];

        bool[] same = [.. SatelliteAccess.Objects(other, renewsLease: false).Zip(written, (grant, present) => grant.IsSame(present))];

        Assert.Equal([true, false, false, false, false, false], same);
    }

    [Theory]
    [InlineData("""[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]""")]
    [InlineData("[]")]
    public void IsSame_RulesThatSomebodyChanged_IsNot(string rules)
    {
        KubeObject dataPlane = DataPlane("pa2");
        foreach (SatelliteGrant role in SatelliteAccess.Objects(dataPlane, renewsLease: false).Where(g => g.Rules is not null))
        {
            JsonObject present = role.ToJson(dataPlane);
            present["rules"] = JsonNode.Parse(rules);
            Assert.False(role.IsSame(KubeObject.From(present)));

            present = role.ToJson(dataPlane);
            ((JsonArray)present["rules"]![0]!["verbs"]!).Add("escalate");
            Assert.False(role.IsSame(KubeObject.From(present)));
            Assert.True(role.IsSame(KubeObject.From(role.ToJson(dataPlane))), "what is written is nobody's but its own");
        }
    }

    private static KubeObject DataPlane(string name) => KubeObject.From(new JsonObject
    {
        ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = "DataPlane", ["metadata"] = new JsonObject { ["name"] = name, ["uid"] = "uid-of-" + name },
        ["spec"] = new JsonObject { ["satelliteIdentity"] = "1" },
    });
}
