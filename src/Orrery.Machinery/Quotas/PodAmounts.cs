using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>What a pod asks for as a whole: component-helpers <c>resource/helpers.go</c>, PodRequests and PodLimits.</summary>
public static class PodAmounts
{
    public static ResourceList Requests(JsonObject spec)
    {
        ResourceList sum = OfContainers(spec, "requests");
        sum.Plus(ResourceList.Read(spec["overhead"]));
        return sum;
    }

    public static ResourceList Limits(JsonObject spec)
    {
        ResourceList sum = OfContainers(spec, "limits");

        // Overhead raises a limit that there is; it makes none.
        foreach ((string name, Quantity amount) in ResourceList.Read(spec["overhead"]))
        {
            if (sum.TryGetValue(name, out Quantity limit) && limit.Sign > 0)
            {
                sum[name] = limit + amount;
            }
        }

        return sum;
    }

    private static ResourceList OfContainers(JsonObject spec, string member)
    {
        // 1. What runs for as long as the pod does: containers, and init containers that stay.
        var sum = new ResourceList();
        foreach (JsonObject container in spec.Items("containers"))
        {
            sum.Plus(Of(container, member));
        }

        // 2. The most that is needed while the others start one after the other, beside those that stay.
        var staying = new ResourceList();
        var starting = new ResourceList();
        foreach (JsonObject container in spec.Items("initContainers"))
        {
            ResourceList own = Of(container, member);
            if (container.Text("restartPolicy") == "Always")
            {
                sum.Plus(own);
                staying.Plus(own);
                starting.AtLeast(staying);
            }
            else
            {
                ResourceList beside = staying.Copy();
                beside.Plus(own);
                starting.AtLeast(beside);
            }
        }

        sum.AtLeast(starting);

        // 3. What is said of the pod as a whole stands above what is said of its containers.
        foreach ((string name, Quantity amount) in ResourceList.Read(spec.Child("resources")?[member]))
        {
            sum[name] = amount;
        }

        return sum;
    }

    internal static ResourceList Of(JsonObject container, string member) => ResourceList.Read(container.Child("resources")?[member]);
}
