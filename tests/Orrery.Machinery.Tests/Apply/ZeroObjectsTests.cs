using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Apply;

public sealed class ZeroObjectsTests
{
    [Fact]
    public void Of_Deployment_HoldsWhatGoNeverOmits() =>
        Assert.Equal(
            """{"metadata":{},"spec":{"strategy":{},"template":{"metadata":{},"spec":{"containers":null}}},"status":{}}""",
            ZeroObjects.Of(BuiltinTypes.Instance.Find(new GroupVersionKind("apps", "v1", "Deployment"))!).ToJsonString());

    [Fact]
    public void Of_EveryBuiltinKind_HasAnEnd()
    {
        Assert.NotEmpty(BuiltinTypes.Instance.Kinds);
        foreach (GroupVersionKind kind in BuiltinTypes.Instance.Kinds.Keys)
        {
            Assert.InRange(ZeroObjects.Of(BuiltinTypes.Instance.Find(kind)!).ToJsonString().Length, 2, 2000);
        }
    }
}
