using System.Globalization;
using Orrery.Api;
using Orrery.Commands.Objects;

namespace Orrery.Tests.Commands;

public sealed class DescriptionTests
{
    [Fact]
    public void Write_OfAnObject_TellsFieldsConditionsAndEvents()
    {
        KubeObject item = KubeObject.Parse("""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant",
             "metadata": {"name": "acme", "labels": {"b": "2", "a": "1"}, "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x/y"]},
             "spec": {"class": "small", "members": [{"kind": "User", "name": "eve"}, {"kind": "Group", "name": "dev"}], "names": ["p", "q"]},
             "status": {"observedGeneration": 3, "note": "one\ntwo", "conditions": [{"type": "Ready", "status": "True", "reason": "Fine", "message": "all is well", "lastTransitionTime": "2026-01-01T00:01:00Z"}]}}
            """u8);
        KubeObject said = KubeObject.Parse("""
            {"kind": "Event", "type": "Normal", "reason": "Made", "message": "made it", "count": 3, "source": {"component": "orrery"},
             "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:02:00Z"}
            """u8);
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };

        Description.Write(item, [said], new DateTimeOffset(2026, 1, 1, 0, 3, 0, TimeSpan.Zero), text);

        Assert.Equal("""
            Name:           acme
            Labels:         a=1
                            b=2
            Annotations:    <none>
            Created:        2026-01-01T00:00:00Z (3m ago)
            Spec:
              Class:        small
              Members:
                - Kind:     User
                  Name:     eve
                - Kind:     Group
                  Name:     dev
              Names:        p, q
            Status:
              Observed Generation: 3
              Note:
                one
                two
            Conditions:
              TYPE    STATUS   AGE   REASON   MESSAGE
              Ready   True     2m    Fine     all is well
            Events:
              TYPE     REASON   AGE                FROM     MESSAGE
              Normal   Made     60s (x3 over 3m)   orrery   made it

            """, text.ToString(), ignoreLineEndingDifferences: true);
    }
}
