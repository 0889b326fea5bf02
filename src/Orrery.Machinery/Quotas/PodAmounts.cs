using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>What a pod asks for as a whole: component-helpers <c>resource/helpers.go</c>, PodRequests and PodLimits.</summary>
public static class PodAmounts
{
    /// <param name="status">What it says that containers really have counts where it is more, as while a pod is being resized; null: only what is asked for counts.</param>
    public static ResourceList Requests(JsonObject spec, JsonObject? status = null)
    {
        ResourceList sum = OfContainers(spec, "requests", status);
        sum.Plus(ResourceList.Read(spec["overhead"]));
        return sum;
    }

    /// <param name="status">As for <see cref="Requests"/>.</param>
    public static ResourceList Limits(JsonObject spec, JsonObject? status = null)
    {
        ResourceList sum = OfContainers(spec, "limits", status);

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

    private static ResourceList OfContainers(JsonObject spec, string member, JsonObject? status)
    {
        // 1. What runs for as long as the pod does: containers, and init containers that stay.
        var sum = new ResourceList();
        foreach (JsonObject container in spec.Items("containers"))
        {
            sum.Plus(Of(container, member, status, "containerStatuses"));
        }

        // 2. The most that is needed while the others start one after the other, beside those that stay.
        var staying = new ResourceList();
        var starting = new ResourceList();
        foreach (JsonObject container in spec.Items("initContainers"))
        {
            bool stays = container.Text("restartPolicy") == "Always";
            ResourceList own = Of(container, member, stays ? status : null, "initContainerStatuses");
            if (stays)
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

    /// <summary>What a container asks for or has, whichever is more; of one whose resize its node can never carry out, what it has.</summary>
    private static ResourceList Of(JsonObject container, string member, JsonObject? status, string statuses)
    {
        if (status?.Items(statuses).FirstOrDefault(s => s.Text("name") == container.Text("name")) is not { } known || known.Child("resources") is not { } given)
        {
            return Of(container, member);
        }

        bool isInfeasible = status.Items("conditions").Any(c => c.Text("type") == "PodResizePending" && c.Text("reason") == "Infeasible");
        ResourceList most = isInfeasible ? [] : Of(container, member);
        most.AtLeast(ResourceList.Read(given[member]));
        if (member == "requests")
        {
            most.AtLeast(ResourceList.Read(known["allocatedResources"]));
        }

        return most;
    }

    internal static ResourceList Of(JsonObject container, string member) => ResourceList.Read(container.Child("resources")?[member]);
}
