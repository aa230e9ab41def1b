# ruleid: B307
eval(input())
